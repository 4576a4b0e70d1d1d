import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@nsq-ts/standalone'

test('a delayed message is counted as deferred', async (t) => {
  const broker = await startBroker({ nsqd: { maxReqTimeoutMs: 60_000 } })
  t.after(() => broker.close())
  const post = (path, body) => fetch(`${broker.http.url}${path}`, { method: 'POST', body })

  await post('/topic/create?topic=orders')
  await post('/channel/create?topic=orders&channel=kitchen')
  await post('/pub?topic=orders&defer=30000', 'one coffee, later')

  const answer = await fetch(`${broker.http.url}/stats?format=json&topic=orders`)
  const { topics } = await answer.json()
  assert.equal(topics[0].channels[0].deferred_count, 1)
})
