#!/usr/bin/env node
// What nsqd's memory comes to, against its targets. Exits with 1 when one is missed.
//
//   node bench/memory.mjs [--minutes 10] [--only queued,idle,steady]
//
//   queued   1,000,000 messages of 200 bytes wait in a channel: under 350 MB resident
//   idle     10,000 connections that subscribed and only answer heartbeats: under 250 MB
//   steady   publish and consume at a steady rate for some minutes, with requeues and clients that come and go: flat
//
// Linux (/proc). Both processes need a file descriptor per connection: `ulimit -Hn` of 10,500 at least.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fin, mpub, rdy, req, sub } from '@nsq-ts/protocol'
import { Client } from './memory/client.mjs'
import { Nsqd } from './memory/nsqd.mjs'

const MESSAGE_SIZE = 200
const QUEUED_COUNT = 1_000_000
const QUEUED_TARGET_MB = 350
const IDLE_COUNT = 10_000
const IDLE_TARGET_MB = 250
/** Messages a second, to two channels. */
const STEADY_RATE = 10_000
const SAMPLE_MS = 2000
/** The first part of the steady scenario warms up: pools fill, code is compiled, the heap finds its size. */
const WARM_UP_SHARE = 0.3
/** Objects that are left once garbage was collected and nothing is queued: 1 MB is 0.2 bytes a message. */
const OBJECTS_GROWTH_MB = 1
/** Buffers are kept for reuse, as many as a backlog once took up to a bound: 16 segments of 1 MiB, 64 blocks of 64 KiB. */
const POOLS_MB = 21
/** Resident memory moves with the collector's moods, from the first third of the samples to the last by this at most. */
const RESIDENT_GROWTH_MB = 16

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, only: { type: 'string', default: 'queued,idle,steady' } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new RangeError(`--minutes ${values.minutes}: a number above 0`)

const scenarios = { queued, idle, steady }
const rows = []
for (const name of values.only.split(',')) {
  if (!Object.hasOwn(scenarios, name))
    throw new RangeError(`--only ${name}: one of ${Object.keys(scenarios).join(', ')}`)
  rows.push(...(await scenarios[name]()))
}
console.table(rows)
if (rows.some(({ met }) => met === 'NO')) process.exitCode = 1

async function queued() {
  return [...(await queuedWith('memory')), ...(await queuedWith('os'))]
}

async function queuedWith(durability) {
  const nsqd = await Nsqd.start([`--mem-queue-size=${2 * QUEUED_COUNT}`, `--durability=${durability}`])
  try {
    await nsqd.http('POST', '/topic/create?topic=queued')
    await nsqd.http('POST', '/channel/create?topic=queued&channel=ch')
    const producer = await Client.connect(nsqd.tcpPort)
    const batch = mpub('queued', bodies(500))
    for (let sent = 0; sent < QUEUED_COUNT; sent += 500) {
      producer.send(batch)
      await producer.answer()
    }
    producer.close()
    await sleep(2000)
    const [topic] = await nsqd.topics()
    if (topic.channels[0].depth !== QUEUED_COUNT) throw new Error(`depth is ${topic.channels[0].depth}`)
    return [row(`1,000,000 messages of 200 bytes, durability ${durability}`, nsqd, QUEUED_TARGET_MB)]
  } finally {
    await nsqd.stop()
  }
}

async function idle() {
  const nsqd = await Nsqd.start()
  const clients = []
  try {
    while (clients.length < IDLE_COUNT) {
      const more = Array.from({ length: 100 }, async () => {
        const client = await Client.connect(nsqd.tcpPort)
        client.send(sub('idle', 'ch'), rdy(1))
        await client.answer()
        return client
      })
      clients.push(...(await Promise.all(more)))
    }
    await sleep(40_000) // through a heartbeat of each
    const stats = JSON.parse(await nsqd.http('GET', '/stats?format=json&include_mem=false&include_clients=false'))
    const { client_count: count } = stats.topics[0].channels[0]
    if (count !== IDLE_COUNT) throw new Error(`${count} of ${IDLE_COUNT} clients are left`)
    return [row('10,000 idle connections', nsqd, IDLE_TARGET_MB)]
  } finally {
    for (const client of clients) client.close()
    await nsqd.stop()
  }
}

async function steady() {
  const nsqd = await Nsqd.start()
  try {
    const consumers = await Promise.all(['a', 'b', 'b'].map((channel) => consumer(nsqd, channel)))
    await traffic(nsqd, WARM_UP_SHARE * minutes)
    const liveBefore = await nsqd.liveMb()
    const { published, samples } = await traffic(nsqd, (1 - WARM_UP_SHARE) * minutes)
    const liveAfter = await nsqd.liveMb()
    for (const client of consumers) client.close()

    const third = Math.ceil(samples.length / 3)
    const first = mean(samples.slice(0, third))
    const last = mean(samples.slice(-third))
    const what = `${minutes} min, ${published.toLocaleString('en')} messages to 2 channels`
    const { peak } = nsqd.residentMb()
    return [
      flatRow(`${what}: objects`, liveBefore.objects, liveAfter.objects, OBJECTS_GROWTH_MB),
      flatRow(`${what}: buffers`, liveBefore.buffers, liveAfter.buffers, POOLS_MB),
      flatRow(`${what}: resident`, first, last, RESIDENT_GROWTH_MB, peak),
    ]
  } finally {
    await nsqd.stop()
  }
}

/** Publishes, has clients come and go, and waits until all is finished. */
async function traffic(nsqd, trafficMinutes) {
  const over = new AbortController()
  const both = Promise.all([publishSteadily(nsqd, over.signal), churn(nsqd, over.signal)])
  try {
    const samples = await Promise.race([sample(nsqd, trafficMinutes * 60_000), both.then(() => [])])
    over.abort()
    const [published] = await both
    await drained(nsqd)
    return { published, samples }
  } finally {
    over.abort()
  }
}

/** Finishes what comes; every 100th message is requeued first, at once or for a while. */
async function consumer(nsqd, channel) {
  let count = 0
  const client = await Client.connect(nsqd.tcpPort, (id, { socket }) => {
    count++
    socket.write(count % 100 === 0 ? req(id, count % 200 === 0 ? 500 : 0) : fin(id))
  })
  client.send(sub('steady', channel), rdy(500))
  await client.answer()
  return client
}

async function publishSteadily(nsqd, signal) {
  const size = 100
  const producer = await Client.connect(nsqd.tcpPort)
  const batch = mpub('steady', bodies(size))
  const start = performance.now()
  let published = 0
  while (!signal.aborted) {
    const due = ((performance.now() - start) / 1000) * STEADY_RATE
    if (published > due) {
      await sleep(5)
      continue
    }
    producer.send(batch)
    await producer.answer()
    published += size
  }
  producer.close()
  return published
}

/** Ten clients a second come, subscribe to an ephemeral channel, and go. */
async function churn(nsqd, signal) {
  while (!signal.aborted) {
    const client = await Client.connect(nsqd.tcpPort)
    client.send(sub('steady', 'visitors#ephemeral'), rdy(1))
    await client.answer()
    await sleep(100)
    client.close()
  }
}

async function sample(nsqd, durationMs) {
  const samples = []
  for (const end = performance.now() + durationMs; performance.now() < end;) {
    await sleep(SAMPLE_MS)
    samples.push(nsqd.residentMb().now)
    if (samples.length % 15 === 0)
      console.error(`steady: ${samples.length * (SAMPLE_MS / 1000)} s, ${samples.at(-1).toFixed(1)} MB`)
  }
  return samples
}

/** Nothing may be left behind either. */
async function drained(nsqd) {
  for (const end = performance.now() + 10_000; ; await sleep(100)) {
    const [topic] = await nsqd.topics()
    const channels = topic.channels.filter(({ channel_name: name }) => !name.endsWith('#ephemeral'))
    const left = channels.map(({ depth, in_flight_count, deferred_count }) => depth + in_flight_count + deferred_count)
    if (left.every((count) => count === 0)) return
    if (performance.now() > end) throw new Error(`messages are left in the channels: ${left.join(', ')}`)
  }
}

function row(what, nsqd, targetMb) {
  const { now, peak } = nsqd.residentMb()
  return {
    what,
    MB: now.toFixed(1),
    'peak MB': peak.toFixed(1),
    target: `under ${targetMb} MB`,
    met: now < targetMb ? 'yes' : 'NO',
  }
}

function flatRow(what, before, after, growthMb, peak) {
  return {
    what,
    MB: `${before.toFixed(1)} -> ${after.toFixed(1)}`,
    'peak MB': peak?.toFixed(1) ?? '',
    target: `at most +${growthMb} MB`,
    met: after - before <= growthMb ? 'yes' : 'NO',
  }
}

function bodies(count) {
  return Array.from({ length: count }, () => Buffer.alloc(MESSAGE_SIZE, 'm'))
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
