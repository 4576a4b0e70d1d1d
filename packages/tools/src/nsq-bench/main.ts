import { runTool } from '../program/run-tool.ts'
import { nsqBench } from './nsq-bench.ts'

await runTool(nsqBench)
