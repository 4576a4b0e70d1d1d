import { describe, expect, test } from 'vitest'
import type { ClientStats } from '../src/stats/client-stats.ts'
import type { StatsReport, TopicStats } from '../src/stats/snapshot.ts'
import { statsText } from '../src/stats/text.ts'

const NOW_MS = 1_800_000_000_900

const CLIENT: ClientStats = {
  clientId: 'c',
  hostname: 'h',
  userAgent: 'ua/1',
  remoteAddress: '10.0.0.1:4000',
  state: 3,
  readyCount: 1,
  inFlightCount: 2,
  messageCount: 3,
  finishCount: 4,
  requeueCount: 5,
  connectTime: NOW_MS / 1000 - 0.9,
  sampleRate: 0,
  topologyZone: '',
  topologyRegion: '',
  pubCounts: [],
  transport: {
    deflate: false,
    snappy: false,
    authorized: false,
    authIdentity: '',
    authIdentityUrl: '',
    tls: false,
    tlsCipherSuite: '',
    tlsVersion: '',
  },
}

const TOPIC: TopicStats = {
  name: 't',
  channels: [],
  depth: 0,
  backendDepth: 0,
  messageCount: 0,
  messageBytes: 0,
  droppedCount: 0,
  retained: null,
  paused: false,
  latency: { count: 0, percentiles: null },
}

function text(report: Partial<StatsReport>): string {
  const defaults = { health: 'OK', startTime: 0, uptimeMs: 0, memory: undefined, topics: [], producers: null }
  return statsText({ ...defaults, ...report }, NOW_MS)
}

function producerLine(change: Partial<ClientStats>): string {
  return /\nProducers:\n {3}(.+)\n$/.exec(text({ producers: [{ ...CLIENT, ...change }] }))?.[1] ?? ''
}

describe('clients', () => {
  test.each([
    ['10.0.0.1:4000', 'h:4000 ua/1'],
    ['[::1]:4000', 'h:4000 ua/1'],
    ['@', 'h: ua/1'],
  ])('from %s is labelled "%s"', (remoteAddress, label) => {
    expect(producerLine({ remoteAddress })).toBe(
      `[V2 ${label.padEnd(21)}] state: 3 inflt: 2    rdy: 1    fin: 4        re-q: 5        msgs: 3        connected: 0s`,
    )
  })

  test('a long label pushes the columns, none is cut', () => {
    const userAgent = 'an-agent-with-a-long-name/1.2.3'
    expect(producerLine({ userAgent })).toMatch(new RegExp(`^\\[V2 h:4000 ${userAgent}\\] state: 3 `))
  })

  test('a producer of several topics lists them with their sum', () => {
    const pubCounts = [
      { topic: 'a', count: 2 },
      { topic: 'b', count: 40 },
    ]
    const connectTime = Math.floor(NOW_MS / 1000) - 3661
    expect(producerLine({ pubCounts, connectTime })).toBe(
      `[V2 ${'h:4000 ua/1'.padEnd(21)}] msgs: 42       topics: a=2,b=40 connected: 1h1m1s`,
    )
  })
})

describe('latencies', () => {
  test.each([
    [0, '0.0ns'],
    [1000, '1000.0ns'],
    [1001, '1.0us'],
    [520_950, '521.0us'],
    [1_000_000, '1000.0us'],
    [2_540_000, '2.5ms'],
    [1_000_000_001, '1.0s'],
    [3_600_000_000_000, '3600.0s'],
  ])('%i ns is %s', (value, expected) => {
    const latency = { count: 1, percentiles: [{ quantile: 0.5, value }] }
    expect(text({ topics: [{ ...TOPIC, latency }] })).toContain(` e2e%: ${expected}\n`)
  })

  test('several are separated by commas, none leaves a space behind', () => {
    const percentiles = [1, 2].map((value) => ({ quantile: 0.5, value }))
    expect(text({ topics: [{ ...TOPIC, latency: { count: 1, percentiles } }] })).toContain(' e2e%: 1.0ns, 2.0ns\n')
    expect(text({ topics: [TOPIC] })).toContain(' e2e%: \n')
  })
})

test('topics are separated by blank lines, and a paused one is marked', () => {
  const topics = [TOPIC, { ...TOPIC, name: 'u', paused: true }]
  expect(text({ topics })).toMatch(/\n\nTopics:\n {3}\[t {14}\] .+\n\n\*P \[u {14}\] .+\n\nProducers: None\n$/)
})

test('an unknown topic reads as none', () => {
  expect(text({ topics: null })).toMatch(/\n\nTopics: None\n\nProducers: None\n$/)
})
