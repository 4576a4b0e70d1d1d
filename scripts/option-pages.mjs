// Writes docs/<program>-flags.md from the option tables. Build first: node scripts/option-pages.mjs
import { writeFileSync } from 'node:fs'
import { nsqadminFlagsPage } from '../packages/nsqadmin/dist/server/options-page.js'
import { nsqdFlagsPage } from '../packages/nsqd/dist/options-page.js'
import { nsqlookupdFlagsPage } from '../packages/nsqlookupd/dist/options-page.js'
import { toolsFlagsPage } from '../packages/tools/dist/flags-page.js'

const pages = {
  nsqd: nsqdFlagsPage,
  nsqlookupd: nsqlookupdFlagsPage,
  nsqadmin: nsqadminFlagsPage,
  tools: toolsFlagsPage,
}

for (const [program, page] of Object.entries(pages)) {
  writeFileSync(new URL(`../docs/${program}-flags.md`, import.meta.url), page())
}
