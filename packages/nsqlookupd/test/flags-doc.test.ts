import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nsqlookupdFlagsPage } from '../src/options-page.ts'

test('docs/nsqlookupd-flags.md is what the option table says (node scripts/option-pages.mjs)', () => {
  const page = readFileSync(new URL('../../../docs/nsqlookupd-flags.md', import.meta.url), 'utf8')
  expect(page).toBe(nsqlookupdFlagsPage())
})
