// Messages that have headers, to client libraries that know nothing of these: the same as ever.
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { nsqjs } from './nsqjs-library.ts'
import { squeaky } from './squeaky-library.ts'

const COUNT = 200

test.each([nsqjs, squeaky])('$name gets messages that have headers as any others', async (library) => {
  await using nsqd = await NsqdProcess.start()
  for (let index = 0; index < COUNT; index++) {
    const headers: Record<string, string> =
      index % 2 === 0 ? { 'X-Nsq-Header-Traceparent': '00-1', 'X-Nsq-Header-N': String(index) } : {}
    const url = `http://127.0.0.1:${nsqd.httpPort}/pub?topic=t`
    expect((await fetch(url, { method: 'POST', headers, body: String(index) })).status).toBe(200)
  }
  const seen: number[] = []
  await using consumer = await library.connectConsumer({
    port: nsqd.tcpPort,
    topic: 't',
    channel: 'c',
    ready: 10,
    msgTimeoutMs: 60_000,
    onMessage: (delivery) => {
      seen.push(delivery.index)
      delivery.finish()
    },
  })
  await eventually(() => seen.length === COUNT, { what: 'all have come' })
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, index) => index)) // bodies are their numbers, and nothing else
  expect([...consumer.errorCodes]).toEqual([])
})
