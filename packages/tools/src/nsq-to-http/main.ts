import { runTool } from '../program/run-tool.ts'
import { nsqToHttp } from './nsq-to-http.ts'

await runTool(nsqToHttp)
