import { optionsMarkdown } from '@nsq-ts/daemon'
import { nsqlookupdTable } from './options.ts'

/** The text of docs/nsqlookupd-flags.md. */
export function nsqlookupdFlagsPage(): string {
  return optionsMarkdown('nsqlookupd', nsqlookupdTable, INTRODUCTION)
}

const INTRODUCTION = `
How flags and the config file are written is said in [nsqd-flags.md](nsqd-flags.md); it is the same for all programs.
`
