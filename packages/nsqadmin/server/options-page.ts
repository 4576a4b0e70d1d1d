import { optionsMarkdown } from '@nsq-ts/daemon'
import { nsqadminTable } from './options.ts'

/** The text of docs/nsqadmin-flags.md. */
export function nsqadminFlagsPage(): string {
  return optionsMarkdown('nsqadmin', nsqadminTable, INTRODUCTION)
}

const INTRODUCTION = `
How flags and the config file are written is said in [nsqd-flags.md](nsqd-flags.md); it is the same for all programs. What they
are for is said in [nsqadmin.md](nsqadmin.md).
`
