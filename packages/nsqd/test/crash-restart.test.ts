import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fin, pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test, vi } from 'vitest'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

/** What an nsqd finds that starts on what is with the kernel now, as after `kill -9`. */
async function statsAfterCrash(nsqd: TestNsqd): Promise<unknown> {
  const copy = mkdtempSync(join(tmpdir(), 'nsqd-crashed-'))
  cpSync(nsqd.dataPath, copy, { recursive: true })
  try {
    await using restarted = await startNsqd(`--data-path=${copy}`)
    const { topics } = await restarted.stats()
    return topics
  } finally {
    rmSync(copy, { recursive: true })
  }
}

test('a channel that was made after the first publish still knows after a crash what it finished', async () => {
  await using nsqd = await startNsqd()
  const client = nsqd.connect()
  await client.command(pub('topic', Buffer.from('finished')))
  await client.command(sub('topic', 'channel'))
  client.send(rdy(1))
  const { id } = await client.message()
  client.send(rdy(0))
  client.send(fin(id))
  await nsqd.post('/pub?topic=topic', 'waits')
  await nsqd.post('/pub?topic=topic&defer=600000', 'is deferred')
  await vi.waitFor(async () => {
    expect(await statsAfterCrash(nsqd)).toMatchObject([
      { depth: 0, channels: [{ channel_name: 'channel', depth: 1, in_flight_count: 0, deferred_count: 1 }] },
    ])
  }, 5000)
})

test('a paused topic keeps after a crash what it kept before', async () => {
  await using nsqd = await startNsqd()
  await nsqd.post('/pub?topic=topic', 'x')
  await nsqd.post('/channel/create?topic=topic&channel=channel')
  await nsqd.post('/topic/pause?topic=topic')
  await nsqd.post('/pub?topic=topic', 'y')
  await vi.waitFor(async () => {
    expect(await statsAfterCrash(nsqd)).toMatchObject([{ depth: 1, paused: true, channels: [{ depth: 1 }] }])
  }, 5000)
})
