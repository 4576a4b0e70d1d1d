import { runTool } from '../program/run-tool.ts'
import { nsqToNsq } from './nsq-to-nsq.ts'

await runTool(nsqToNsq)
