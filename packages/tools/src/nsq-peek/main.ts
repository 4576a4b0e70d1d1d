import { runTool } from '../program/run-tool.ts'
import { nsqPeek } from './nsq-peek.ts'

await runTool(nsqPeek)
