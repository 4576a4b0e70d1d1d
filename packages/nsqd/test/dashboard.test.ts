import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'

test('the dashboard asks for metrics that there are', async () => {
  const dashboard = readFileSync(new URL('../../../deploy/grafana/nsqd.json', import.meta.url), 'utf8')
  await using nsqd = await startNsqd()
  const { body } = await nsqd.ask('GET', '/metrics')
  const known = new Set(body.split('\n').flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []))
  const asked = new Set(
    dashboard.match(/\b(?:nsqd|nodejs|process)_[a-z0-9_]+/g)?.map((name) => name.replace(/_bucket$/, '')),
  )
  expect(asked.size).toBeGreaterThan(15)
  expect([...asked].filter((name) => !known.has(name))).toEqual([])
})
