import { fin, pub, rdy, req, sub } from '@nsq-ts/protocol'
import { describe, expect, test } from 'vitest'
import type { LatencyRecorder } from '../src/core/context.ts'
import { latencyStats, LatencyWindow } from '../src/stats/e2e-latency.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

/** `name:type` of everything in a value, in order; of a list, its first entry. */
function shape(value: unknown): unknown {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])]
  if (typeof value === 'object') return Object.entries(value).map(([key, part]) => [key, shape(part)])
  return typeof value
}

const E2E = [
  ['count', 'number'],
  [
    'percentiles',
    [
      [
        ['quantile', 'number'],
        ['value', 'number'],
      ],
    ],
  ],
]

const CLIENT = [
  ...['client_id', 'hostname', 'version', 'remote_address'].map((key) => [key, 'string']),
  ...['state', 'ready_count', 'in_flight_count', 'message_count', 'finish_count', 'requeue_count'].map((key) => [
    key,
    'number',
  ]),
  ...['connect_ts', 'sample_rate'].map((key) => [key, 'number']),
  ...['deflate', 'snappy'].map((key) => [key, 'boolean']),
  ...['user_agent', 'topology_zone', 'topology_region'].map((key) => [key, 'string']),
  ['tls', 'boolean'],
  ...['tls_cipher_suite', 'tls_version', 'tls_negotiated_protocol'].map((key) => [key, 'string']),
  ['tls_negotiated_protocol_is_mutual', 'boolean'],
]

const PRODUCER = CLIENT.flatMap((entry) =>
  entry[0] === 'tls'
    ? [
        [
          'pub_counts',
          [
            [
              ['topic', 'string'],
              ['count', 'number'],
            ],
          ],
        ],
        entry,
      ]
    : [entry],
)

const CHANNEL = [
  ['channel_name', 'string'],
  ...['depth', 'backend_depth', 'in_flight_count', 'deferred_count', 'message_count', 'global_msg_count'].map((key) => [
    key,
    'number',
  ]),
  ...['requeue_count', 'timeout_count', 'client_count'].map((key) => [key, 'number']),
  ['clients', [CLIENT]],
  ['paused', 'boolean'],
  ['e2e_processing_latency', E2E],
]

const STATS = [
  ['version', 'string'],
  ['health', 'string'],
  ['start_time', 'number'],
  [
    'topics',
    [
      [
        ['topic_name', 'string'],
        ['channels', [CHANNEL]],
        ...['depth', 'backend_depth', 'message_count', 'message_bytes'].map((key) => [key, 'number']),
        ['paused', 'boolean'],
        ['e2e_processing_latency', E2E],
      ],
    ],
  ],
  [
    'memory',
    ['objects', 'idle_bytes', 'in_use_bytes', 'released_bytes']
      .map((key) => `heap_${key}`)
      .concat(['gc_pause_usec_100', 'gc_pause_usec_99', 'gc_pause_usec_95', 'next_gc_bytes', 'gc_total_runs'])
      .map((key) => [key, 'number']),
  ],
  ['producers', [PRODUCER]],
]

/** A topic whose channel has one message each in flight, deferred and waiting, and one finished; one producer. */
async function busy(d: TestNsqd) {
  const consumer = d.connect()
  const producer = d.connect()
  await consumer.identify({ client_id: 'c', hostname: 'consumer', user_agent: 'test/1', topology_zone: 'z' })
  await consumer.command(sub('busy', 'ch'))
  await producer.identify({ client_id: 'p', hostname: 'producer', user_agent: 'test/2' })
  consumer.send(rdy(2))
  for (const body of ['a', 'bb']) await producer.command(pub('busy', Buffer.from(body)))
  const ids = [(await consumer.message()).id, (await consumer.message()).id]
  consumer.send(Buffer.concat([rdy(1), fin(ids[0]!), req(ids[1]!, 60_000)]))
  await producer.command(pub('busy', Buffer.from('ccc')))
  await consumer.message()
  await producer.command(pub('busy', Buffer.from('dddd')))
  return {
    consumer,
    producer,
    [Symbol.dispose]() {
      consumer.socket.destroy()
      producer.socket.destroy()
    },
  }
}

describe('JSON', () => {
  test('keys, their order and their types are the documented ones', async () => {
    await using d = await startNsqd('--e2e-processing-latency-percentile=0.99')
    using _ = await busy(d)
    expect(shape(await d.stats())).toEqual(STATS)
  })

  test('figures of a topic with everything going on', async () => {
    await using d = await startNsqd()
    using _ = await busy(d)
    const stats = await d.stats()
    expect(stats.topics).toMatchObject([
      {
        topic_name: 'busy',
        depth: 0,
        message_count: 4,
        message_bytes: 10,
        channels: [
          {
            channel_name: 'ch',
            depth: 1,
            in_flight_count: 1,
            deferred_count: 1,
            message_count: 4,
            global_msg_count: 3,
            requeue_count: 1,
            timeout_count: 0,
            client_count: 1,
            clients: [
              {
                client_id: 'c',
                hostname: 'consumer',
                user_agent: 'test/1',
                topology_zone: 'z',
                state: 3,
                ready_count: 1,
                in_flight_count: 1,
                message_count: 3,
                finish_count: 1,
                requeue_count: 1,
              },
            ],
            e2e_processing_latency: { count: 0, percentiles: null },
          },
        ],
      },
    ])
    expect(stats.producers).toMatchObject([{ client_id: 'p', state: 0, pub_counts: [{ topic: 'busy', count: 4 }] }])
  })

  test('an empty nsqd has no topics and no producers', async () => {
    await using d = await startNsqd()
    expect(await d.stats('include_mem=false')).toEqual({
      version: '1.3.0',
      health: 'OK',
      start_time: d.nsqd.startTime,
      topics: [],
      producers: null,
    })
  })

  test('what was published before is there, over HTTP and TCP', async () => {
    await using d = await startNsqd()
    using producer = d.connect()
    await d.post('/topic/create?topic=t')
    await d.post('/channel/create?topic=t&channel=c')
    for (let count = 1; count <= 20; count += 2) {
      await d.post('/pub?topic=t', 'x')
      await producer.command(pub('t', Buffer.from('y')))
      const { topics } = await d.stats()
      expect(topics[0]).toMatchObject({ depth: 0, message_count: count + 1 })
      expect(topics[0].channels[0]).toMatchObject({ depth: count + 1, message_count: count + 1 })
    }
  })

  test('a producer tells all the topics it has published to, or the one asked for', async () => {
    await using d = await startNsqd()
    using producer = d.connect()
    for (const topic of ['b', 'a', 'b']) await producer.command(pub(topic, Buffer.from('x')))
    expect((await d.stats()).producers[0].pub_counts).toEqual([
      { topic: 'b', count: 2 },
      { topic: 'a', count: 1 },
    ])
    expect((await d.stats('topic=a')).producers[0].pub_counts).toEqual([{ topic: 'a', count: 1 }])
    await d.post('/topic/create?topic=other')
    expect((await d.stats('topic=other')).producers[0]).not.toHaveProperty('pub_counts')
  })
})

describe('parameters', () => {
  test('topic and channel select, and nothing is validated', async () => {
    await using d = await startNsqd()
    using producer = d.connect()
    await producer.command(pub('one', Buffer.from('x')))
    await d.post('/topic/create?topic=two')
    for (const channel of ['topic=one&channel=a', 'topic=one&channel=b', 'topic=two&channel=a']) {
      await d.post(`/channel/create?${channel}`)
    }
    const found = async (query: string) => {
      const { topics, producers } = await d.stats(query)
      const names = topics?.map((topic: { topic_name: string; channels: { channel_name: string }[] }) =>
        [topic.topic_name, ...topic.channels.map((channel) => channel.channel_name)].join('/'),
      )
      return [names ?? null, producers?.length ?? null]
    }
    expect(await found('')).toEqual([['one/a/b', 'two/a'], 1])
    expect(await found('topic=one')).toEqual([['one/a/b'], 1])
    expect(await found('channel=a')).toEqual([['one/a', 'two/a'], 1])
    expect(await found('topic=one&channel=b')).toEqual([['one/b'], 1])
    expect(await found('topic=two&channel=b')).toEqual([[], 1])
    expect(await found('channel=%24')).toEqual([[], 1])
    expect(await found('topic=nowhere')).toEqual([null, null])
  })

  test('clients and memory can be left out', async () => {
    await using d = await startNsqd()
    using _ = await busy(d)
    const stats = await d.stats('include_clients=false&include_mem=0')
    expect(stats).not.toHaveProperty('memory')
    expect(stats.producers).toBeNull()
    expect(stats.topics[0].channels[0]).toMatchObject({ client_count: 1, clients: null })
    const unrecognised = await d.stats('include_clients=False&include_mem=no')
    expect(unrecognised).toHaveProperty('memory')
    expect(unrecognised.producers).toHaveLength(1)
  })

  test('a malformed query is INVALID_REQUEST', async () => {
    await using d = await startNsqd()
    expect(await d.ask('GET', '/stats?topic=%zz')).toMatchObject({ status: 400, body: '{"message":"INVALID_REQUEST"}' })
  })

  test('only format=json is JSON', async () => {
    await using d = await startNsqd()
    for (const query of ['', '?format=JSON', '?format=text']) {
      expect((await d.ask('GET', `/stats${query}`)).headers['content-type']).toBe('text/plain; charset=utf-8')
    }
  })
})

describe('text', () => {
  test('columns are the documented ones', async () => {
    await using d = await startNsqd('--e2e-processing-latency-percentile=0.5')
    using clients = await busy(d)
    await d.post('/topic/create?topic=paused')
    await d.post('/topic/pause?topic=paused')
    await d.post('/channel/create?topic=paused&channel=halted')
    await d.post('/channel/pause?topic=paused&channel=halted')
    const ports = [clients.consumer, clients.producer].map(({ socket }) => socket.localPort)
    const { body } = await d.ask('GET', '/stats?include_mem=false')
    const lines = body
      .replaceAll(/connected: \d+s/g, 'connected: 0s')
      .replaceAll(/[\d.]+(?:ms|us|s)$/gm, 'LATENCY')
      .split('\n')
    expect(lines.slice(0, 5)).toEqual([
      expect.stringMatching(/^nsqd v1\.3\.0 \(built w\/.+\)$/),
      expect.stringMatching(/^start_time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/),
      expect.stringMatching(/^uptime /),
      '',
      'Health: OK',
    ])
    expect(lines.slice(5)).toEqual([
      '',
      'Topics:',
      '   [busy           ] depth: 0     be-depth: 0     msgs: 4        e2e%: LATENCY',
      '      [ch                       ] depth: 1     be-depth: 0     inflt: 1    def: 1    re-q: 1     timeout: 0     msgs: 4        e2e%: LATENCY',
      `        [V2 ${`consumer:${ports[0]} test/1`.padEnd(21)}] state: 3 inflt: 1    rdy: 1    fin: 1        re-q: 1        msgs: 3        connected: LATENCY`,
      '',
      '*P [paused         ] depth: 0     be-depth: 0     msgs: 0        e2e%: 0.0ns',
      '   *P [halted                   ] depth: 0     be-depth: 0     inflt: 0    def: 0    re-q: 0     timeout: 0     msgs: 0        e2e%: 0.0ns',
      '',
      'Producers:',
      `   [V2 ${`producer:${ports[1]} test/2`.padEnd(21)}] msgs: 4        topics: busy=4 connected: LATENCY`,
      '',
    ])
  })

  test('the start is told in local time', async () => {
    await using d = await startNsqd()
    const { body } = await d.ask('GET', '/stats')
    const told = /^start_time (.+)$/m.exec(body)?.[1] ?? ''
    expect(Date.parse(told) / 1000).toBe(d.nsqd.startTime)
  })

  test('memory has a line for each figure', async () => {
    await using d = await startNsqd()
    const { body } = await d.ask('GET', '/stats')
    const block = /\n\nMemory:\n((?: {3}.{25}\t\d+\n)+)\nTopics: None\n\nProducers: None\n$/.exec(body)?.[1]
    expect(block?.trimEnd().split('\n')).toHaveLength(9)
    expect(block).toMatch(/^ {3}heap_objects {13}\t\d+$/m)
  })
})

describe('end-to-end latency', () => {
  test('a topic merges its channels, and is empty without one', async () => {
    await using d = await startNsqd('--e2e-processing-latency-percentile=0.5,1')
    await d.post('/topic/create?topic=t')
    expect((await d.stats()).topics[0].e2e_processing_latency).toEqual({ count: 0, percentiles: null })
    using first = d.connect()
    using second = d.connect()
    await first.command(sub('t', 'a'))
    await second.command(sub('t', 'b'))
    for (const connection of [first, second]) connection.send(rdy(5))
    await d.post('/mpub?topic=t', 'x\ny')
    for (const connection of [first, second]) connection.send(fin((await connection.message()).id))
    second.send(fin((await second.message()).id))
    await expect.poll(async () => (await d.stats()).topics[0].e2e_processing_latency.count).toBe(3)
    const { channels, e2e_processing_latency: merged } = (await d.stats()).topics[0]
    const [a, b] = [channels[0].e2e_processing_latency, channels[1].e2e_processing_latency]
    expect([a.count, b.count]).toEqual([1, 2])
    expect(merged.percentiles).toMatchObject([{ quantile: 1 }, { quantile: 0.5 }])
    expect(merged.percentiles[0].value).toBe(Math.max(a.percentiles[0].value, b.percentiles[0].value))
    expect(merged.percentiles[0].value).toBeGreaterThan(0)
  })

  test('percentiles are within one percent of the exact ones', () => {
    const window = new LatencyWindow(60_000)
    for (let i = 1; i <= 1000; i++) (window satisfies LatencyRecorder).record(i * 10_000)
    const { count, percentiles } = latencyStats([window], [1, 0.99, 0.5, 0.001])
    expect(count).toBe(1000)
    for (const { quantile, value } of percentiles!) {
      expect(Math.abs(value / (quantile * 1000 * 10_000) - 1)).toBeLessThan(0.01)
    }
  })
})
