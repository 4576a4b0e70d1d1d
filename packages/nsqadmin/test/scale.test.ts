import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { ask } from './fixtures/admin.ts'
import { openEvents } from './fixtures/event-source.ts'
import { fakeNsqd } from './fixtures/fake-upstream.ts'

const TOPICS = 2000
const bin = fileURLToPath(new URL('../bin/nsqadmin.js', import.meta.url))

/** 2,000 topics of 3 channels, through all of which messages run all the time. */
function busyTopics(round: number): unknown[] {
  const latency = { count: 0, percentiles: null }
  const figures = { depth: 100 + round, backend_depth: round, message_count: round * 1000, paused: false }
  const channels = ['archive', 'metrics', 'search'].map((channel_name) => ({
    channel_name,
    ...figures,
    in_flight_count: 5 + round,
    deferred_count: 0,
    requeue_count: 0,
    timeout_count: 0,
    client_count: 2,
    clients: null,
    e2e_processing_latency: latency,
  }))
  return Array.from({ length: TOPICS }, (_, index) => ({
    topic_name: `topic-${index}`, // first, as nsqd has it
    channels,
    ...figures,
    e2e_processing_latency: latency,
  }))
}

test('with 2,000 topics of 3 channels on two nodes, all busy, an hour of history never takes 200 MB', async () => {
  let round = 0
  const topics = () => busyTopics(++round)
  await using first = await fakeNsqd({ hostname: 'a' }, topics)
  await using second = await fakeNsqd({ hostname: 'b' }, topics)
  const nsqds = [first, second].map(({ address }) => `--nsqd-http-address=${address}`)
  // 240 points, as of an hour by default, that follow each other faster.
  const flags = [
    '--history-interval=1s',
    '--history-length=4m',
    '--refresh-interval=300ms',
    '-http-address=127.0.0.1:0',
  ]
  const child = spawn(process.execPath, [bin, ...flags, ...nsqds], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const listening = /HTTP: listening on \S+:(\d+)\n/
    await eventually(() => listening.test(log), { what: 'it listens' })
    const port = Number(listening.exec(log)?.[1])
    await using live = await openEvents(port, '/api/live')
    const { data } = await live.until(({ data }) => data.topics.length === TOPICS)
    expect(data.totals).toMatchObject({ topics: TOPICS, channels: 3 * TOPICS, nodes: 2 })
    // The rings are of full size from the first point on.
    await eventually(async () => (await ask(port, '/api/history/cluster')).json.times?.length >= 8, {
      what: 'some points',
      timeoutMs: 30_000,
    })
    const sparklines = await ask(port, '/api/history?points=5')
    expect(Object.keys(sparklines.json.topics)).toHaveLength(TOPICS)
    expect(peakMb(child.pid!)).toBeLessThan(200)
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
})

/** The most that was ever resident. */
function peakMb(pid: number): number {
  const [, kb] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}
