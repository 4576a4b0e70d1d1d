import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { nsqdTable } from '../src/options.ts'
import { startNsqd } from './support/start-nsqd.ts'

const page = readFileSync(new URL('../../../docs/nsqd.md', import.meta.url), 'utf8')

test('the page for operators speaks of every flag', () => {
  const flags = Object.values(nsqdTable).map(({ flag }) => flag)
  expect(flags.filter((flag) => !new RegExp(`--${flag}(?![a-z-])`).test(page))).toEqual([])
})

test('its alerts ask for metrics that there are', async () => {
  await using nsqd = await startNsqd()
  const { body } = await nsqd.ask('GET', '/metrics')
  const asked = page.match(/\b(?:nsqd|nodejs)_[a-z0-9_]+/g) ?? []
  expect(asked.length).toBeGreaterThan(8)
  expect(asked.filter((name) => !body.includes(`# TYPE ${name} `))).toEqual([])
})
