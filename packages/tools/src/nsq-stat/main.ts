import { runTool } from '../program/run-tool.ts'
import { nsqStat } from './nsq-stat.ts'

await runTool(nsqStat)
