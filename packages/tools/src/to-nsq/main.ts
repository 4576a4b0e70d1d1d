import { runTool } from '../program/run-tool.ts'
import { toNsq } from './to-nsq.ts'

await runTool(toNsq)
