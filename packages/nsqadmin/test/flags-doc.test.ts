import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nsqadminFlagsPage } from '../server/options-page.ts'

test('docs/nsqadmin-flags.md is what the option table says (node scripts/option-pages.mjs)', () => {
  const page = readFileSync(new URL('../../../docs/nsqadmin-flags.md', import.meta.url), 'utf8')
  expect(page).toBe(nsqadminFlagsPage())
})
