// What nsqadmin takes while 2,000 topics of 3 channels on two nsqds move, all of them with every round, and somebody watches: resident memory,
// steady and at its peak, and CPU. The nsqds are stand-ins that answer /stats as busy ones do. Build first:
// node packages/nsqadmin/bench/memory.mjs [seconds] [topics]
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const seconds = Number(process.argv[2] ?? 90)
const topics = Number(process.argv[3] ?? 2000)
const LIMIT_MB = 200
const TICKS_PER_SECOND = 100

const nsqds = await Promise.all([startBusyNsqd(), startBusyNsqd()])
const flags = nsqds.map(({ port }) => `--nsqd-http-address=127.0.0.1:${port}`)
const admin = spawn(
  process.execPath,
  [
    ...process.execArgv,
    new URL('../bin/nsqadmin.js', import.meta.url).pathname,
    '--http-address=127.0.0.1:0',
    ...flags,
  ],
  { stdio: ['ignore', 'ignore', 'pipe'] },
)
const port = await new Promise((resolve) => {
  admin.stderr.setEncoding('utf8').on('data', (text) => {
    const [, found] = /HTTP: listening on \S+:(\d+)\n/.exec(text) ?? []
    if (found !== undefined) resolve(Number(found))
  })
})
const idle = resident()
get({ port, path: '/api/live', host: '127.0.0.1' }, (answer) => answer.resume())

const samples = []
await delay(5000)
const cpuBefore = cpuSeconds()
for (let second = 0; second < seconds; second++) {
  await delay(1000)
  samples.push(resident())
}
const cpu = (cpuSeconds() - cpuBefore) / seconds
const steady = samples.slice(-30)
const figures = {
  'before anything, MB': idle,
  'steady, MB (mean of 30 s)': steady.reduce((sum, one) => sum + one, 0) / steady.length,
  'peak, MB': Number(/^VmHWM:\s+(\d+) kB$/m.exec(status())[1]) / 1024,
  'CPU, % of a core': cpu * 100,
}
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(28)} ${value.toFixed(0).padStart(6)}`)
if (figures['peak, MB'] > LIMIT_MB) process.exitCode = 1
admin.kill()
for (const { server } of nsqds) {
  server.closeAllConnections()
  server.close()
}

function status() {
  return readFileSync(`/proc/${admin.pid}/status`, 'utf8')
}

function resident() {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status())[1]) / 1024
}

function cpuSeconds() {
  const fields = readFileSync(`/proc/${admin.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function startBusyNsqd() {
  let round = 0
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url.startsWith('/stats')) {
      response.end(JSON.stringify({ version: '1.3.0', health: 'OK', start_time: 1, topics: busyTopics(++round) }))
      return
    }
    response.end(JSON.stringify({ broadcast_address: '127.0.0.1', http_port: server.address().port, hostname: 'a' }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: server.address().port }
}

/** Every figure is another one in every round. */
function busyTopics(round) {
  const percentiles = [0.99, 0.95].map((quantile) => ({ quantile, value: 1_000_000 * (round % 50) + quantile * 1000 }))
  const latency = { count: round, percentiles }
  const figures = {
    depth: 100 + round,
    backend_depth: round,
    message_count: round * 1000,
    message_bytes: round * 77_777,
    paused: false,
    e2e_processing_latency: latency,
  }
  const channels = ['archive', 'metrics', 'search'].map((channel_name) => ({
    channel_name,
    ...figures,
    in_flight_count: 5 + round,
    deferred_count: round % 7,
    requeue_count: round * 3,
    timeout_count: round * 2,
    client_count: 2,
    clients: [],
  }))
  return Array.from({ length: topics }, (_, index) => ({
    topic_name: `service-${index}.events`, // first, as nsqd has it
    channels,
    ...figures,
  }))
}
