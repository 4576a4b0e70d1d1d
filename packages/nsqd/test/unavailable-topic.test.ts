import { pub, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

test('a topic of which nothing could be read refuses publishes and says so, and the others do not', async () => {
  await using nsqd = await startNsqd()
  await nsqd.post('/pub?topic=orders', 'before')
  // As after a start that met EIO (test/disk/unreadable.test.ts).
  nsqd.nsqd.registry.withhold('clicks', new Error('EIO: i/o error, scandir'))
  for (const path of ['/pub?topic=clicks', '/mpub?topic=clicks', '/pub?topic=clicks&defer=1s']) {
    expect(await nsqd.post(path, 'x')).toMatchObject({ status: 503, body: '{"message":"TOPIC_UNAVAILABLE"}' })
  }
  using connection = UpgradedConnection.open(nsqd.tcpPort)
  expect(await connection.ask(pub('clicks', Buffer.from('x')))).toMatch(/^E_PUB_FAILED/)
  expect(await nsqd.post('/pub?topic=orders', 'after')).toMatchObject({ status: 200 })
  expect((await nsqd.stats('topic=orders')).topics).toMatchObject([{ depth: 2 }])
  expect((await nsqd.ask('GET', '/metrics')).body).toContain('nsqd_topics_unavailable 1')
  using consumer = UpgradedConnection.open(nsqd.tcpPort)
  expect(await consumer.ask(sub('clicks', 'ch'))).toBe('OK')
})
