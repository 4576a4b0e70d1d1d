import { pub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'

test('many publishers share syncs, whenever in a sync each of them comes', async () => {
  await using nsqd = await startNsqd('--durability=fsync')
  const producers = Array.from({ length: 20 }, () => nsqd.connect())
  const publishSome = async (producer: (typeof producers)[number]) => {
    for (let i = 0; i < 50; i++) expect(await producer.command(pub('topic', Buffer.from(String(i))))).toBe('OK')
    producer.socket.destroy()
  }
  await Promise.all(producers.map(publishSome))
  const { topics } = await nsqd.stats()
  expect(topics).toMatchObject([{ depth: 1000, message_count: 1000 }])
})
