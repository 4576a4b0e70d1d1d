import { createSocket } from 'node:dgram'
import { describe, expect, test } from 'vitest'
import type { ChannelStats, TopicStats } from '../src/stats/snapshot.ts'
import { packLines, StatsdLines } from '../src/stats/statsd-lines.ts'
import { startNsqd } from './support/start-nsqd.ts'

const latency = { count: 0, percentiles: null }
const channel: ChannelStats = {
  name: 'c.1',
  depth: 1,
  backendDepth: 2,
  inFlightCount: 3,
  deferredCount: 4,
  messageCount: 5,
  zoneLocalCount: 0,
  regionLocalCount: 0,
  globalCount: 0,
  requeueCount: 6,
  timeoutCount: 7,
  droppedCount: 0,
  retryPolicy: null,
  deadLetterCount: 0,
  lostCount: 0,
  clientCount: 8,
  clients: null,
  paused: false,
  latency,
}
const topic: TopicStats = {
  name: 'a.b',
  channels: [channel, { ...channel, name: 'gone#ephemeral' }],
  depth: 1,
  backendDepth: 2,
  messageCount: 30,
  messageBytes: 400,
  droppedCount: 0,
  retained: null,
  paused: false,
  latency,
}

describe('lines', () => {
  test('names are literal, counters are differences, gauges are as they are', () => {
    const lines = new StatsdLines('p.')
    const first = lines.push([{ ...topic, channels: [channel] }], undefined, false)
    expect(first).toEqual([
      'p.topic.a.b.message_count:30|c',
      'p.topic.a.b.message_bytes:400|c',
      'p.topic.a.b.depth:1|g',
      'p.topic.a.b.backend_depth:2|g',
      'p.topic.a.b.channel.c.1.message_count:5|c',
      'p.topic.a.b.channel.c.1.depth:1|g',
      'p.topic.a.b.channel.c.1.backend_depth:2|g',
      'p.topic.a.b.channel.c.1.in_flight_count:3|g',
      'p.topic.a.b.channel.c.1.deferred_count:4|g',
      'p.topic.a.b.channel.c.1.requeue_count:6|c',
      'p.topic.a.b.channel.c.1.timeout_count:7|c',
      'p.topic.a.b.channel.c.1.clients:8|g',
    ])
    const again = lines.push([{ ...topic, messageCount: 20, channels: [] }], undefined, false)
    expect(again.slice(0, 3)).toEqual([
      'p.topic.a.b.message_count:-10|c',
      'p.topic.a.b.message_bytes:0|c',
      'p.topic.a.b.depth:1|g',
    ])
  })

  test('what was dropped or lost is told where there is any, and is a counter', () => {
    const lines = new StatsdLines('')
    const bad = { ...topic, droppedCount: 3, channels: [{ ...channel, droppedCount: 2, lostCount: 1 }] }
    const ours = (pushed: readonly string[]): string[] => pushed.filter((line) => /dropped|lost/.test(line))
    expect(ours(lines.push([topic], undefined, false))).toEqual([])
    expect(ours(lines.push([bad], undefined, false))).toEqual([
      'topic.a.b.dropped_count:3|c',
      'topic.a.b.channel.c.1.dropped_count:2|c',
      'topic.a.b.channel.c.1.lost_count:1|c',
    ])
    expect(ours(lines.push([bad], undefined, false))).toContain('topic.a.b.dropped_count:0|c')
  })

  test('ephemeral ones are left out if so wanted', () => {
    const lines = new StatsdLines('')
    const ephemeral = { ...topic, name: 't#ephemeral' }
    const all = lines.push([topic, ephemeral], undefined, false)
    const some = lines.push([topic, ephemeral], undefined, true)
    expect(all.filter((line) => line.includes('#ephemeral'))).toHaveLength(8 + 4 + 16)
    expect(some.filter((line) => line.includes('#ephemeral'))).toHaveLength(0)
  })

  test('percentiles are named in whole percent, half to even', () => {
    const quantiles = [1, 0.999, 0.99, 0.625, 0.635, 0.5]
    const percentiles = quantiles.map((quantile) => ({ quantile, value: 12.7 }))
    const lines = new StatsdLines('').push(
      [{ ...topic, channels: [], latency: { count: 1, percentiles } }],
      undefined,
      false,
    )
    expect(lines.slice(4).map((line) => line.replace('topic.a.b.e2e_processing_latency_', ''))).toEqual(
      ['100', '100', '99', '62', '64', '50'].map((name) => `${name}:12|g`),
    )
  })
})

describe('datagrams', () => {
  test('hold whole lines, each with its LF, and a longer line goes alone', () => {
    const packets = packLines(['aaaa', 'bbbb', 'cccc', 'd'.repeat(30), 'e'], 10).map(String)
    expect(packets).toEqual(['aaaa\nbbbb\n', 'cccc\n', `${'d'.repeat(30)}\n`, 'e\n'])
  })

  test('come at the interval, spread over it, and the rest at once at the end', async () => {
    const receiver = createSocket('udp4')
    const arrivals: { at: number; text: string }[] = []
    receiver.on('message', (bytes) => arrivals.push({ at: performance.now(), text: bytes.toString() }))
    await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve))
    const startedAt = performance.now()
    const nsqd = await startNsqd(
      `--statsd-address=127.0.0.1:${receiver.address().port}`,
      '--statsd-interval=1500ms',
      '--statsd-udp-packet-size=60',
      '--statsd-prefix=x',
    )
    await nsqd.post('/pub?topic=t', 'body')
    await expect.poll(() => arrivals.length, { timeout: 5000 }).toBeGreaterThan(3)
    const [first, , third] = arrivals
    expect(first!.text).toBe('x.topic.t.message_count:1|c\nx.topic.t.message_bytes:4|c\n')
    expect(first!.at - startedAt).toBeGreaterThan(1450)
    expect(third!.at - first!.at).toBeGreaterThan(20)
    const countBefore = arrivals.length
    await nsqd[Symbol.asyncDispose]()
    await expect.poll(() => arrivals.at(-1)!.text).toContain('mem.gc_runs')
    expect(arrivals.length).toBeGreaterThan(countBefore)
    receiver.close()
  })
})
