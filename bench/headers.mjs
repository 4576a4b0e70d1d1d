#!/usr/bin/env node
// What message headers cost an nsqd: its CPU per message, of publishing in batches and of handing out, with and without them.
//
//   node bench/headers.mjs [--count 400000] [--rounds 5]
//
// Each round plays all of it in turn; what is shown is the median over the rounds, and of the ratios to the first row of a kind
// within a round. Bodies of 100 bytes; headers are a traceparent and an id, 93 bytes as JSON. Linux (/proc).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fin, mpub, rdy, sub } from '@nsq-ts/protocol'
import { encodeHeaders, hmpub } from '@nsq-ts/protocol/headers'
import { Client } from './memory/client.mjs'
import { cpuUs } from './server/usage.mjs'

const EXECUTABLE = fileURLToPath(new URL('../packages/nsqd/bin/nsqd.js', import.meta.url))
const BATCH = 200
const WINDOW = 8
const RDY = 2500
const ASKING = { feature_negotiation: true, message_headers: true }
const BODY = Buffer.alloc(100, 'a')
const BLOCK = encodeHeaders({
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'x-request-id': '01234567',
})
const NO_BLOCK = Buffer.alloc(0)

const { values } = parseArgs({
  options: { count: { type: 'string', default: '400000' }, rounds: { type: 'string', default: '5' } },
})
const count = Number(values.count)
const rounds = Number(values.rounds)
if (!(count >= BATCH && rounds >= 1)) throw new RangeError('--count and --rounds: one batch and one round at least')

const several = (block) =>
  hmpub(
    't',
    Array.from({ length: BATCH }, () => ({ block, body: BODY })),
  )
const PLAIN = mpub(
  't',
  Array.from({ length: BATCH }, () => BODY),
)
/** What is played: how the messages come, and who takes them. */
const PLAYS = [
  { name: 'publish: MPUB', command: PLAIN },
  { name: 'publish: HMPUB without headers', command: several(NO_BLOCK) },
  { name: 'publish: HMPUB with headers', command: several(BLOCK) },
  { name: 'consume: without headers, plain', command: PLAIN, settings: {} },
  { name: 'consume: without headers, asking', command: PLAIN, settings: ASKING },
  { name: 'consume: with headers, plain', command: several(BLOCK), settings: {} },
  { name: 'consume: with headers, asking', command: several(BLOCK), settings: ASKING },
]

async function play({ command, settings }) {
  const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-headers-'))
  const nsqd = await start(dataPath)
  try {
    if (settings === undefined) return await measured(nsqd, () => publish(nsqd, command))
    await publish(nsqd, command)
    return await measured(nsqd, () => consume(nsqd, settings))
  } finally {
    const exited = once(nsqd.child, 'exit')
    nsqd.child.kill('SIGKILL')
    await exited
    rmSync(dataPath, { recursive: true, force: true })
  }
}

/** Microseconds of CPU a message. */
async function measured({ child }, work) {
  const before = cpuUs(child.pid)
  await work()
  return (cpuUs(child.pid) - before) / count
}

async function publish({ tcpPort }, command) {
  const producer = await Client.connect(tcpPort, undefined, ASKING)
  let sent = 0
  const sendOn = async () => {
    while (sent < count) {
      sent += BATCH
      producer.send(command)
      await producer.answer()
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, sendOn))
  producer.close()
}

async function consume({ tcpPort }, settings) {
  let done = 0
  let resolve
  const all = new Promise((resolved) => (resolve = resolved))
  let fins = []
  const onMessage = (id, client) => {
    fins.push(fin(id))
    if (fins.length === 1) {
      setImmediate(() => {
        client.send(...fins)
        fins = []
      })
    }
    if (++done === count) resolve()
  }
  const consumer = await Client.connect(tcpPort, onMessage, settings)
  consumer.send(sub('t', 'c'))
  await consumer.answer()
  consumer.send(rdy(RDY))
  await all
  consumer.close()
}

async function start(dataPath) {
  const flags = ['--tcp-address=127.0.0.1:0', '--http-address=', `--data-path=${dataPath}`, '--mem-queue-size=1000000']
  const child = spawn(process.execPath, [EXECUTABLE, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  const tcpPort = await new Promise((resolve, reject) => {
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-8192)
      const port = /TCP: listening on \S+:(\d+)/.exec(log)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    child.once('exit', () => reject(new Error(`nsqd has left; its log:\n${log}`)))
  })
  return { child, tcpPort }
}

function median(figures) {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]
}

const figures = PLAYS.map(() => [])
for (let round = 0; round < rounds; round++) {
  for (const [index, each] of PLAYS.entries()) figures[index].push(await play(each))
}
console.table(
  PLAYS.map(({ name }, index) => {
    const first = PLAYS.findIndex((other) => other.name.split(':')[0] === name.split(':')[0])
    const ratios = figures[index].map((figure, round) => figure / figures[first][round])
    return {
      what: name,
      'CPU us a message': Math.round(median(figures[index]) * 100) / 100,
      ratio: Math.round(median(ratios) * 100) / 100,
    }
  }),
)
