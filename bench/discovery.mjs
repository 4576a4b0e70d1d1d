#!/usr/bin/env node
// What discovery takes with many topics, and whether first messages arrive. Exits with 1 when a target is missed.
//
//   node bench/discovery.mjs [--only scale,waiting,first] [--nodes 200] [--nsqd "<command>"] [--nsqlookupd "<command>"]
//
//   scale   5 nsqds with 2,000 topics of 2 channels each; nsqlookupd is killed and comes back
//   waiting 1,000 clients that wait for news of a topic, while nothing happens and nsqds ping: memory and processor (Linux)
//   first   a message to a brand-new topic on a brand-new node reaches a channel registered beforehand: --nodes times of as many
//
// Each command is that of a program to be measured instead of this repository's own. Ports 29000 to 29999 of 127.0.0.1 are used.
import { connect } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Daemon } from './discovery/daemon.mjs'
import { Waiting } from './discovery/waiting.mjs'

const NODE_COUNT = 5
const TOPIC_COUNT = 2000
const CHANNELS = ['a', 'b']
/** Of nsqd. */
const PING_INTERVAL_S = 15
const WAITING_COUNT = 1000
const TOPICS_WAITED_FOR = Array.from({ length: 10 }, (_, i) => `waited-${i}`)
/** Long enough for each nsqd to ping once. */
const IDLE_S = PING_INTERVAL_S + 1
const LOOKUPD_PORTS = { tcpPort: 29_000, httpPort: 29_001 }

const own = (name) =>
  `${process.execPath} ${fileURLToPath(new URL(`../packages/${name}/bin/${name}.js`, import.meta.url))}`
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'scale,waiting,first' },
    nodes: { type: 'string', default: '200' },
    nsqd: { type: 'string', default: own('nsqd') },
    nsqlookupd: { type: 'string', default: own('nsqlookupd') },
  },
})

const scenarios = { scale, waiting, first }
const data = mkdtempSync(join(tmpdir(), 'nsq-discovery-'))
const running = new Set()
const rows = []
try {
  for (const name of values.only.split(',')) {
    if (!Object.hasOwn(scenarios, name))
      throw new RangeError(`--only ${name}: one of ${Object.keys(scenarios).join(', ')}`)
    await scenarios[name]()
  }
} finally {
  await Promise.all(Array.from(running, (daemon) => daemon.end('SIGKILL')))
  rmSync(data, { recursive: true, force: true })
}
console.table(rows)
if (rows.some(({ met }) => met === 'NO')) process.exitCode = 1

async function scale() {
  let lookupd = await startLookupd()
  const topics = Array.from({ length: TOPIC_COUNT }, (_, i) => ({
    name: `topic-${i}`,
    paused: false,
    channels: CHANNELS.map((name) => ({ name, paused: false })),
  }))
  let startedAt = performance.now()
  for (let i = 0; i < NODE_COUNT; i++) {
    const dataPath = mkdtempSync(join(data, 'nsqd-'))
    writeFileSync(join(dataPath, 'nsqd.dat'), JSON.stringify({ topics, version: '1.3.0' }))
    await startNsqd(i, dataPath)
  }
  await registered(lookupd)
  report(`${NODE_COUNT} nsqds started and registered`, (performance.now() - startedAt) / 1000, 's')

  await lookupd.end('SIGKILL')
  await sleep(2000)
  lookupd = await startLookupd()
  startedAt = performance.now()
  await registered(lookupd)
  report(
    'registered again after nsqlookupd came back',
    (performance.now() - startedAt) / 1000,
    's',
    2 * PING_INTERVAL_S,
  )

  const lookup = (i) => lookupd.json(`/lookup?topic=topic-${(i * 7) % TOPIC_COUNT}`)
  report('memory of nsqlookupd', lookupd.residentMb, 'MB')
  report('/lookup, median of 1000', await medianMs(1000, lookup), 'ms', 5)
  report('/nodes, median of 50', await medianMs(50, () => lookupd.json('/nodes')), 'ms', 50)
  for (const daemon of running) await stop(daemon)
}

async function waiting() {
  const lookupd = await startLookupd()
  for (let i = 0; i < NODE_COUNT; i++) await startNsqd(i, mkdtempSync(join(data, 'nsqd-')))
  for (const topic of TOPICS_WAITED_FOR) await lookupd.http('POST', `/topic/create?topic=${topic}`)
  for (let i = 0; i < 200; i++) await lookupd.json('/nodes') // what a fresh process grows by anyway
  const before = lookupd.residentMb
  const crowd = await Waiting.start(lookupd.httpPort, TOPICS_WAITED_FOR, WAITING_COUNT)
  const cpuBefore = lookupd.cpuUs
  await sleep(IDLE_S * 1000)
  report(`${WAITING_COUNT} clients wait: memory`, lookupd.residentMb - before, 'MB', 50)
  report(
    `${WAITING_COUNT} clients wait: processor`,
    ((lookupd.cpuUs - cpuBefore) / (IDLE_S * 1e6)) * 100,
    '% of a core',
    5,
  )
  const changedAt = performance.now()
  await lookupd.http('POST', `/topic/delete?topic=${TOPICS_WAITED_FOR[0]}`)
  await crowd.answered(WAITING_COUNT / TOPICS_WAITED_FOR.length)
  report(
    `${WAITING_COUNT / TOPICS_WAITED_FOR.length} of them have the news of their topic`,
    performance.now() - changedAt,
    'ms',
  )
  crowd.close()
  for (const daemon of running) await stop(daemon)
}

async function first() {
  const lookupd = await startLookupd()
  await lookupd.http('POST', '/channel/create?topic=known&channel=beforehand')
  const nodeCount = Number(values.nodes)
  let arrived = 0
  for (let i = 0; i < nodeCount; i++) {
    const dataPath = mkdtempSync(join(data, 'nsqd-'))
    const nsqd = new Daemon(values.nsqd, nsqdFlags(dataPath), { tcpPort: 29_010, httpPort: 29_011 })
    running.add(nsqd)
    await publishAsSoonAsPossible(nsqd.tcpPort)
    if (await arrives(nsqd)) arrived++
    await stop(nsqd)
    rmSync(dataPath, { recursive: true, force: true })
  }
  report(`first messages that reached the channel, of ${nodeCount}`, arrived, '', nodeCount, arrived === nodeCount)
  await stop(lookupd)
}

/** In the very moment in which nsqd takes connections. */
async function publishAsSoonAsPossible(port) {
  const answer = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('  V2PUB known\n\0\0\0\x05first'))
      socket.on('data', (frame) => resolve(socket.end() && frame.toString('latin1', 8)))
      socket.on('error', reject)
    })
  for (;;) {
    const text = await answer().catch(() => '')
    if (text === 'OK') return
    if (text !== '') throw new Error(`PUB was answered ${text}`)
    await sleep(1)
  }
}

/** It waits in the channel, or soon will; a channel that was made too late has depth 0 for ever. */
async function arrives(nsqd) {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(5)) {
    const stats = await nsqd.json('/stats?format=json&topic=known').catch(() => undefined)
    const channel = stats?.topics?.[0]?.channels?.find(({ channel_name: name }) => name === 'beforehand')
    if (channel?.depth === 1) return true
    if (channel !== undefined && stats.topics[0].depth === 0) return false
  }
  return false
}

/** Until every nsqd has registered every channel. */
async function registered(lookupd) {
  for (;;) {
    const { producers } = await lookupd.json('/nodes')
    if (producers.length === NODE_COUNT && producers.every(({ topics }) => topics.length === TOPIC_COUNT)) break
    await sleep(50)
  }
  const expected = NODE_COUNT * TOPIC_COUNT * CHANNELS.length
  for (;;) {
    const entries = Object.entries(await lookupd.json('/debug')).filter(([key]) => key.startsWith('channel:'))
    const count = entries.reduce((sum, [, producers]) => sum + producers.length, 0)
    if (count === expected) return
    await sleep(200)
  }
}

async function medianMs(count, request) {
  const times = []
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now()
    await request(i)
    times.push(performance.now() - startedAt)
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)]
}

async function startLookupd() {
  const lookupd = await Daemon.start(values.nsqlookupd, ['--log-level=error'], LOOKUPD_PORTS)
  running.add(lookupd)
  return lookupd
}

async function startNsqd(index, dataPath) {
  const ports = { tcpPort: 29_010 + 2 * index, httpPort: 29_011 + 2 * index }
  const nsqd = await Daemon.start(values.nsqd, nsqdFlags(dataPath), ports)
  running.add(nsqd)
}

function nsqdFlags(dataPath) {
  return [`--data-path=${dataPath}`, `--lookupd-tcp-address=127.0.0.1:${LOOKUPD_PORTS.tcpPort}`, '--log-level=error']
}

async function stop(daemon) {
  await daemon.end('SIGTERM')
  running.delete(daemon)
}

/** @param {number} [target] the figure is to be at most this */
function report(what, figure, unit, target, met = target === undefined || figure <= target) {
  const shown = (value) => (Number.isInteger(value) ? value : value.toFixed(2))
  rows.push({
    what,
    figure: `${shown(figure)} ${unit}`.trim(),
    target: target === undefined ? '' : `${shown(target)} ${unit}`.trim(),
    met: met ? 'yes' : 'NO',
  })
}
