import { optionsMarkdown } from '@nsq-ts/daemon'
import { nsqdTable } from './options.ts'

/** The text of docs/nsqd-flags.md. */
export function nsqdFlagsPage(): string {
  return optionsMarkdown('nsqd', nsqdTable, INTRODUCTION)
}

const INTRODUCTION = `
Flags may have one dash or two, and their value behind \`=\` or as the next argument; a bool needs \`=\` to be set to false. Reading stops
at the first argument that is no flag. Durations are numbers with a unit: \`250ms\`, \`1m30s\`, \`1.5h\`. A repeated flag counts the last
time; lists grow.

\`--config\` names a TOML file. A flag wins over the file, and the file over the default; a list from the command line replaces that of
the file. Durations in the file are strings, or integers of milliseconds. Unknown keys are ignored. The same keys are used by
\`GET /config/<key>\`.
`
