import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nsqlookupdTable } from '../src/options.ts'
import { ask, startNsqlookupd } from './fixtures/running.ts'

const page = readFileSync(new URL('../../../docs/nsqlookupd.md', import.meta.url), 'utf8')

test('docs/nsqlookupd.md says what each flag is for', () => {
  const missing = Object.values(nsqlookupdTable).filter(({ flag }) => !page.includes(`\`--${flag}\``))
  expect(missing.map(({ flag }) => flag)).toEqual([])
})

test('docs/nsqlookupd.md names every figure of its own', async () => {
  await using nsqlookupd = await startNsqlookupd()
  const { body } = await ask(nsqlookupd, '/metrics')
  const names = [...body.matchAll(/^# TYPE nsqlookupd(_\w+)/gm)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !page.includes(name))).toEqual([])
})
