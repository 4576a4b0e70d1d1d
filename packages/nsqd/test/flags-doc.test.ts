import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nsqdFlagsPage } from '../src/options-page.ts'

test('docs/nsqd-flags.md is what the option table says (node scripts/option-pages.mjs)', () => {
  const page = readFileSync(new URL('../../../docs/nsqd-flags.md', import.meta.url), 'utf8')
  expect(page).toBe(nsqdFlagsPage())
})
