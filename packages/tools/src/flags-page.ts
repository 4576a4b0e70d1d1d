import { optionsMarkdown } from '@nsq-ts/daemon'
import type { OptionTable } from '@nsq-ts/daemon'
import { nsqBench } from './nsq-bench/nsq-bench.ts'
import { nsqPeek } from './nsq-peek/nsq-peek.ts'
import { nsqStat } from './nsq-stat/nsq-stat.ts'
import { nsqTail } from './nsq-tail/nsq-tail.ts'
import { nsqToFile } from './nsq-to-file/nsq-to-file.ts'
import { nsqToHttp } from './nsq-to-http/nsq-to-http.ts'
import { nsqToNsq } from './nsq-to-nsq/nsq-to-nsq.ts'
import type { Tool } from './program/run-tool.ts'
import { toNsq } from './to-nsq/to-nsq.ts'

const INTRODUCTIONS: readonly (readonly [Tool<OptionTable>, string])[] = [
  [nsqStat, 'Figures of a channel, again and again.'],
  [nsqTail, 'Shows the messages of topics.'],
  [nsqToFile, 'Writes messages into files, each topic into its own.'],
  [nsqToHttp, 'Makes an HTTP request of each message.'],
  [nsqToNsq, 'Publishes the messages of topics at other nsqds.'],
  [toNsq, 'Publishes what comes on standard input.'],
  [nsqPeek, 'Looks at messages without consuming them. Not in the original.'],
  [nsqBench, 'Puts load on any nsqd and measures it. Not in the original.'],
]

/** docs/tools-flags.md: the flags of all utilities. */
export function toolsFlagsPage(): string {
  const pages = INTRODUCTIONS.map(([{ name, table }, introduction]) => {
    return optionsMarkdown(name, table, introduction).replaceAll('\n## ', '\n### ').replaceAll('# Flags of ', '## ')
  })
  const introduction = 'There are no config files. What the tools do, with an example of each: [tools](tools.md).'
  return `# Flags of the utilities\n\n${introduction}\n\n${pages.join('\n')}`
}
