import { runTool } from '../program/run-tool.ts'
import { nsqTail } from './nsq-tail.ts'

await runTool(nsqTail)
