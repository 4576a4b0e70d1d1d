import { runTool } from '../program/run-tool.ts'
import { nsqToFile } from './nsq-to-file.ts'

await runTool(nsqToFile)
