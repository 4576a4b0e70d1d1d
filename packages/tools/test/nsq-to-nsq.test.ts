import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Consumer, type Message, Producer } from '@nsq-ts/client'
import { Timings } from '../src/destinations/timings.ts'
import { Forwarder } from '../src/nsq-to-nsq/forwarder.ts'
import { Log } from '../src/program/log.ts'
import { JsonFilter } from '../src/nsq-to-nsq/json-filter.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { channelDone, numbered, publishLines, startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

const CHANNEL = 'nsq_to_nsq'

let cluster: Cluster
let topicNumber = 0
let topic: string

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(() => void (topic = `topic${++topicNumber}`))

function start(...flags: string[]): ToolProcess {
  return new ToolProcess('nsq_to_nsq', [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`, ...flags])
}

/** Reads a topic until it holds so many different bodies, or all that are named. */
async function bodies(nsqd: NsqdProcess, name: string, wanted: number | readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const consumer = new Consumer({ topic: name, channel: 'check', nsqd: tcp(nsqd), maxInFlight: 2000 })
  void consumer.run((message) => void found.add(message.raw.toString()), { concurrency: 2000 })
  try {
    const isEnough = (): boolean => {
      return typeof wanted === 'number' ? found.size >= wanted : wanted.every((body) => found.has(body))
    }
    await eventually(isEnough, { what: `all bodies of ${name}`, timeoutMs: 30_000 })
  } finally {
    await consumer.close()
  }
  return found
}

test('headers go along, but for those that nsqd sets by itself', async () => {
  const producer = new Producer({ nsqd: tcp(cluster.a) })
  await producer.publish(topic, 'one', { headers: { traceparent: '00-1', n: '2' } })
  await producer.publish(topic, 'two')
  await producer.close()
  const copy = `${topic}_copy`
  await using tool = start(`--destination-nsqd-tcp-address=${tcp(cluster.b)}`, `--destination-topic=${copy}`)
  const consumer = new Consumer({ topic: copy, channel: 'check', nsqd: tcp(cluster.b), maxInFlight: 10 })
  const found: string[] = []
  void consumer.run(({ headers, raw }) => void found.push(`${raw.toString()} ${JSON.stringify(headers)}`))
  await eventually(() => found.length === 2, { what: 'both have arrived' })
  await consumer.close()
  expect(found.sort()).toEqual(['one {"traceparent":"00-1","n":"2"}', 'two {}'])
  expect(await tool.quit()).toBe(0)
})

test('a dead letter is passed on without its story, which is told by its nsqd alone', async () => {
  const published: unknown[] = []
  const forwarder = new Forwarder({
    destinations: [
      {
        address: 'a',
        publish: (...call: unknown[]) => {
          published.push(call)
          return Promise.resolve()
        },
      },
    ],
    chooser: undefined,
    filter: new JsonFilter({ requireJsonField: '', requireJsonValue: '', whitelistJsonField: [] }),
    undecodableTopic: '',
    timings: new Timings(['a'], 0, new Log()),
    log: new Log(),
  })
  const message = { raw: Buffer.from('x'), headers: { 'nsq-reason': 'requeued', n: '1' }, finish() {} }
  forwarder.forward(message as unknown as Message, 't')
  expect(published).toEqual([['t', message.raw, { headers: { n: '1' } }]])
})

test('kill -9 in mid-flow, twice: everything published is at the destination', async () => {
  const published = numbered('m', 30_000)
  await publishLines(cluster.a, topic, published)
  const copy = `${topic}_copy` // nsqd would give a topic of the same name the same channels
  const flags = [
    `--destination-nsqd-tcp-address=${tcp(cluster.b)}`,
    `--destination-topic=${copy}`,
    '--max-in-flight=500',
  ]
  const arrived = async (): Promise<number> => {
    return (await cluster.b.topics()).find(({ topic_name: name }) => name === copy)?.message_count ?? 0
  }
  for (let round = 0; round < 2; round++) {
    const before = await arrived()
    await using tool = start(...flags)
    await eventually(async () => (await arrived()) > before + 2000, { what: 'it is at work' })
    await tool.quit('SIGKILL')
  }
  await using tool = start(...flags)
  await channelDone(cluster.a, topic, CHANNEL, published.length)
  expect(await tool.quit()).toBe(0)
  const found = await bodies(cluster.b, copy, published.length)
  expect(published.filter((body) => !found.has(body))).toEqual([])
})

test('a destination that goes away and comes back loses nothing, and another one takes over', async () => {
  const published = numbered('m', 5000)
  await using other = await NsqdProcess.start()
  await using tool = start(
    `--destination-nsqd-tcp-address=${tcp(other)}`,
    `--destination-nsqd-tcp-address=${tcp(cluster.b)}`,
    `--destination-topic=${topic}_copy`,
    '--consumer-opt=default_requeue_delay,50ms',
  )
  await publishLines(cluster.a, topic, published.slice(0, 1000))
  await channelDone(cluster.a, topic, CHANNEL, 1000)
  const before = await bodies(other, `${topic}_copy`, 1) // both were used
  await other.kill()
  await publishLines(cluster.a, topic, published.slice(1000))
  await channelDone(cluster.a, topic, CHANNEL, published.length)
  expect(await tool.quit()).toBe(0)
  const after = await bodies(cluster.b, `${topic}_copy`, published.slice(1000))
  const missing = published.slice(1000).filter((body) => !after.has(body))
  expect(missing).toEqual([])
  expect(before.size).toBeGreaterThan(0)
})

test('what nobody takes stays with the source: more attempts than the original would make', async () => {
  await using tool = start(
    '--destination-nsqd-tcp-address=127.0.0.1:1',
    '--consumer-opt=default_requeue_delay,10ms',
    '--consumer-opt=max_backoff_duration,0s',
  )
  await publishLines(cluster.a, topic, ['kept'])
  await eventually(
    async () => ((await cluster.a.channel(topic, CHANNEL).catch(() => undefined))?.requeue_count ?? 0) > 8,
    {
      what: 'eight attempts',
    },
  )
  expect(await tool.quit()).toBe(0)
  const { depth, deferred_count: deferred } = await cluster.a.channel(topic, CHANNEL)
  expect(depth + deferred).toBe(1)
})

test('every destination gets every message with --mode=multicast', async () => {
  await using tool = start(
    '--mode=multicast',
    '--destination-topic=everyone',
    `--destination-nsqd-tcp-address=${tcp(cluster.a)}`,
    `--destination-nsqd-tcp-address=${tcp(cluster.b)}`,
  )
  await publishLines(cluster.a, topic, ['one', 'two'])
  expect(await bodies(cluster.a, 'everyone', 2)).toEqual(new Set(['one', 'two']))
  expect(await bodies(cluster.b, 'everyone', 2)).toEqual(new Set(['one', 'two']))
  expect(await tool.quit()).toBe(0)
})

test('fields are passed on as they were written, and what is no JSON goes to its own topic', async () => {
  await using tool = start(
    '--whitelist-json-field=id',
    '--whitelist-json-field=a',
    `--destination-topic=${topic}_out`,
    `--undecodable-topic=${topic}_bad`,
    `--destination-nsqd-tcp-address=${tcp(cluster.b)}`,
  )
  await publishLines(cluster.a, topic, ['{"x": 1, "id": 12345678901234567890, "a": "<&>"}', 'no json'])
  expect(await bodies(cluster.b, `${topic}_out`, 1)).toEqual(new Set(['{"a":"<&>","id":12345678901234567890}']))
  expect(await bodies(cluster.b, `${topic}_bad`, 1)).toEqual(new Set(['no json']))
  await channelDone(cluster.a, topic, CHANNEL, 2)
  expect(await tool.quit()).toBe(0)
})

test('without such a topic it is requeued, and holds nobody up', async () => {
  await using tool = start(
    '--require-json-field=id',
    `--destination-topic=${topic}_out`,
    `--destination-nsqd-tcp-address=${tcp(cluster.b)}`,
  )
  await publishLines(cluster.a, topic, ['no json', '{"id":1}', '{"id":2}'])
  expect(await bodies(cluster.b, `${topic}_out`, 2)).toEqual(new Set(['{"id":1}', '{"id":2}']))
  expect((await cluster.a.channel(topic, CHANNEL)).deferred_count).toBe(1)
  expect(await tool.quit()).toBe(0)
})

test('a message that the destination finds too large is requeued, and holds nobody up', async () => {
  await using small = await NsqdProcess.start(['--max-msg-size=100'])
  await using tool = start(`--destination-topic=${topic}_out`, `--destination-nsqd-tcp-address=${tcp(small)}`)
  const well = numbered('m', 200)
  await publishLines(cluster.a, topic, [...well.slice(0, 100), 'x'.repeat(200), ...well.slice(100)])
  expect(await bodies(small, `${topic}_out`, 200)).toEqual(new Set(well))
  await channelAlmostDone()
  expect(tool.stderr).not.toContain('backing off')
  expect(await tool.quit()).toBe(0)
})

/** All but one message, which waits for its next attempt. */
async function channelAlmostDone(): Promise<void> {
  await eventually(
    async () => {
      const { depth, in_flight_count: inFlight, deferred_count: deferred } = await cluster.a.channel(topic, CHANNEL)
      return depth + inFlight === 0 && deferred === 1
    },
    { what: 'one message is deferred' },
  )
}

test('a mode that there is not is refused', async () => {
  const args = ['--topic=x', `--nsqd-tcp-address=${tcp(cluster.a)}`, '--destination-nsqd-tcp-address=127.0.0.1:1']
  const { code, lastWords } = await runToEnd('nsq_to_nsq', [...args, '--mode=fastest'])
  expect(code).toBe(1)
  expect(lastWords).toContain('--mode should be one of')
})
