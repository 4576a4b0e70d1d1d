#!/usr/bin/env node
// What a million scheduled messages come to, and what looking at messages costs, against their targets. Exits with 1 when one
// is missed.
//
//   node bench/schedule.mjs [--count 1000000]
//
//   resident   1,000,000 scheduled messages of 1 KB: under 250 MB
//   restart    after SIGKILL, until nsqd is ready: under 10 s
//   late       how long after their due time messages come while others publish, 99th percentile: under 50 ms
//   peek       100 messages from the middle of a backlog of 1,000,000, slowest of 20: under 200 ms
//   cost       messages a second published while somebody peeks ten times a second: 95 % of the same without, at least
//
// Linux (/proc). Takes two minutes, and 3 GB of disk.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fin, mpub, rdy, sub } from '@nsq-ts/protocol'
import { Client } from './memory/client.mjs'

const EXECUTABLE = fileURLToPath(new URL('../packages/nsqd/bin/nsqd.js', import.meta.url))
const BATCH = 4000
const BODY = 'x'.repeat(1020)
const HOUR_MS = 3_600_000
const LATE_COUNT = 2000
const LATE_LEAD_MS = 15_000
const LATE_SPREAD_MS = 4000
const MEASURE_MS = 8000
const COST_ROUNDS = 3

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000000' } } })
const count = Number(values.count)
if (!(count >= BATCH)) throw new RangeError(`--count ${values.count}: ${BATCH} at least`)

const rows = []
const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-schedule-'))
function row(what, value, unit, met) {
  rows.push({ what, value: Math.round(value * 10) / 10, unit, met: met ? 'yes' : 'NO' })
}

async function scheduled() {
  let nsqd = await Nsqd.start(dataPath)
  await nsqd.channel('later')
  const dueMs = Date.now() + HOUR_MS
  for (let sent = 0; sent < count; sent += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, i) => BODY + String(i).padStart(4, '0'))
    await nsqd.http('POST', `/mpub?topic=later&at=${dueMs + ((sent * 7919) % 1_000_000)}`, lines.join('\n'))
  }
  await sleep(7000) // a sweep, and a collection of garbage
  const residentMb = nsqd.residentMb()
  row(`${count} scheduled messages of 1 KB, resident`, residentMb, 'MB', residentMb < 250)
  await nsqd.kill()
  const startedAt = performance.now()
  nsqd = await Nsqd.start(dataPath)
  const restartMs = performance.now() - startedAt
  row('restart with them after SIGKILL', restartMs / 1000, 's', restartMs < 10_000)
  const lateMs = await lateness(nsqd)
  row('late while others publish, 99th percentile', lateMs, 'ms', lateMs < 50)
  await nsqd.kill()
}

/** Messages due one after another over some seconds, while a producer publishes as fast as it is answered. */
async function lateness(nsqd) {
  await nsqd.channel('soon')
  const from = Date.now() + LATE_LEAD_MS
  const dues = Array.from({ length: LATE_COUNT }, (_, i) => from + Math.floor((i * LATE_SPREAD_MS) / LATE_COUNT))
  const late = []
  const consumer = await Client.connect(nsqd.tcpPort, (id, client) => {
    late.push(Date.now() - dues[late.length]) // they come in the order in which they are due
    client.send(fin(id))
  })
  consumer.send(sub('soon', 'ch'))
  await consumer.answer()
  consumer.send(rdy(2500))
  for (let i = 0; i < LATE_COUNT; i += 50) {
    const some = dues.slice(i, i + 50)
    await Promise.all(some.map((due) => nsqd.http('POST', `/pub?topic=soon&at=${due}`, 'soon')))
  }
  if (late.length > 0) throw new Error('publishing took longer than the messages were to wait')
  const load = publishing(nsqd, 'noise')
  while (late.length < LATE_COUNT) await sleep(50)
  await load.stop()
  consumer.close()
  return late.sort((a, b) => a - b)[Math.floor(LATE_COUNT * 0.99)]
}

async function looked() {
  const nsqd = await Nsqd.start(mkdtempSync(join(dataPath, 'peek-')))
  await nsqd.channel('backlog')
  const producer = await Client.connect(nsqd.tcpPort)
  const bodies = Array.from({ length: 1000 }, (_, i) => Buffer.from(`message ${i}`.padEnd(200)))
  const batch = mpub('backlog', bodies)
  for (let sent = 0; sent < 1_000_000; sent += 1000) {
    producer.send(batch)
    await producer.answer()
  }
  producer.close()
  let slowestMs = 0
  for (let i = 0; i < 20; i++) {
    const startedAt = performance.now()
    await nsqd.http('GET', `/channel/peek?topic=backlog&channel=ch&offset=${400_000 + i * 9973}&limit=100`)
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  }
  row('100 messages from the middle of a backlog of 1,000,000, slowest of 20', slowestMs, 'ms', slowestMs < 200)
  const shares = []
  for (let i = 0; i < COST_ROUNDS; i++) {
    const alone = await rate(nsqd, false)
    shares.push((await rate(nsqd, true)) / alone)
  }
  const share = shares.sort((a, b) => a - b)[Math.floor(COST_ROUNDS / 2)] * 100
  row('published while somebody peeks ten times a second, of the same without', share, '%', share > 95)
  await nsqd.kill()
}

async function rate(nsqd, peeks) {
  const load = publishing(nsqd, 'load')
  const until = performance.now() + MEASURE_MS
  while (performance.now() < until) {
    if (peeks) await nsqd.http('GET', '/channel/peek?topic=backlog&channel=ch&offset=500000&limit=100')
    await sleep(100)
  }
  return await load.stop()
}

/** Publishes batches until it is stopped; resolves to how many there were. */
function publishing(nsqd, topic) {
  const stop = new AbortController()
  const batch = mpub(
    topic,
    Array.from({ length: 50 }, () => Buffer.alloc(200, 'n')),
  )
  const done = (async () => {
    const producer = await Client.connect(nsqd.tcpPort)
    let batches = 0
    for (; !stop.signal.aborted; batches++) {
      producer.send(batch)
      await producer.answer()
    }
    producer.close()
    await nsqd.http('POST', `/topic/delete?topic=${topic}`)
    return batches
  })()
  return {
    stop() {
      stop.abort()
      return done
    },
  }
}

/** An nsqd in a process of its own, on a data path that outlives it. */
class Nsqd {
  #child
  tcpPort = 0
  httpPort = 0

  static async start(path) {
    const nsqd = new Nsqd()
    nsqd.#child = spawn(
      process.execPath,
      [EXECUTABLE, '--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0', `--data-path=${path}`],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let log = ''
    await new Promise((resolve, reject) => {
      nsqd.#child.stderr.setEncoding('utf8').on('data', (text) => {
        log = (log + text).slice(-8192)
        nsqd.tcpPort ||= Number(/TCP: listening on \S+:(\d+)/.exec(log)?.[1] ?? 0)
        nsqd.httpPort ||= Number(/HTTP: listening on \S+:(\d+)/.exec(log)?.[1] ?? 0)
        if (nsqd.tcpPort > 0 && nsqd.httpPort > 0) resolve()
      })
      nsqd.#child.once('exit', () => reject(new Error(`nsqd has left; its log:\n${log}`)))
    })
    await nsqd.http('PUT', '/config/log_level', 'error')
    return nsqd
  }

  async channel(topic) {
    await this.http('POST', `/topic/create?topic=${topic}`)
    await this.http('POST', `/channel/create?topic=${topic}&channel=ch`)
  }

  async http(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { method, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text
  }

  residentMb() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return (Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024) / 1e6
  }

  async kill() {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

try {
  await scheduled()
  await looked()
} finally {
  rmSync(dataPath, { recursive: true, force: true })
}
console.table(rows)
if (rows.some(({ met }) => met === 'NO')) process.exitCode = 1
