import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { identify, register } from '@nsq-ts/protocol'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PEER } from './fixtures/lookup-client.ts'

const TOPIC_COUNT = 2000
const NODE_COUNT = 5
const WAITING_COUNT = 1000

const nodes: Socket[] = []
const agent = new Agent({ keepAlive: true, maxSockets: 2 * WAITING_COUNT })
let server: ChildProcess
let httpPort: number
let registeredMs: number

beforeAll(async () => {
  const bin = fileURLToPath(new URL('../bin/nsqlookupd.js', import.meta.url))
  const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0', '--log-level=info']
  server = spawn(process.execPath, [bin, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ports = await startedPorts(server)
  httpPort = ports.http
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: NODE_COUNT }, (_, index) => registerNode(ports.tcp, index)))
  registeredMs = performance.now() - startedAt
})
afterAll(async () => {
  for (const node of nodes) node.destroy()
  agent.destroy()
  const ended = new Promise((resolve) => server.once('close', resolve))
  server.kill()
  await ended
})

function startedPorts(child: ChildProcess): Promise<{ tcp: number; http: number }> {
  return new Promise((resolve, reject) => {
    let log = ''
    child.once('close', () => reject(new Error(log)))
    child.stderr?.on('data', (chunk: Buffer) => {
      if (log.includes('TCP: listening')) return // what follows is only let through
      log += chunk.toString()
      const [, http] = /HTTP: listening on 127\.0\.0\.1:(\d+)/.exec(log) ?? []
      const [, tcp] = /TCP: listening on 127\.0\.0\.1:(\d+)/.exec(log) ?? []
      if (tcp !== undefined && http !== undefined) resolve({ tcp: Number(tcp), http: Number(http) })
    })
  })
}

/** As nsqd does it: one command, one answer, the next. */
function registerNode(port: number, index: number): Promise<void> {
  const commands = Array.from({ length: TOPIC_COUNT }, (_, topic) =>
    ['one', 'two'].map((channel) => register(`topic-${topic}`, channel)),
  ).flat()
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    nodes.push(socket)
    socket.setNoDelay(true).on('error', reject)
    socket.on('data', () => {
      const command = commands.pop()
      if (command === undefined) resolve()
      else socket.write(command)
    })
    socket.write(
      Buffer.concat([Buffer.from('  V1'), identify({ ...PEER, broadcast_address: `node-${index}.example` })]),
    )
  })
}

interface Answer {
  readonly body: string
  readonly token: string
  readonly elapsedMs: number
}

function ask(path: string, signal?: AbortSignal): Promise<Answer> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: httpPort, path, agent, ...(signal && { signal }) }
    const sent = request(options, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        resolve({ body, token: String(response.headers['x-nsq-since']), elapsedMs: performance.now() - startedAt })
      })
    })
    sent.on('error', reject).end()
  })
}

/** The quickest of some: what the answer takes when nobody else wants the machine. For medians, bench/discovery.mjs. */
async function bestMs(path: string): Promise<number> {
  let best = Infinity
  for (let index = 0; index < 101; index++) best = Math.min(best, (await ask(path)).elapsedMs)
  return best
}

test('5 nsqds register 2,000 topics with 2 channels each well within two ping intervals', () => {
  expect(registeredMs).toBeLessThan(30_000)
})

test('/lookup answers within 5 ms, /nodes within 50 ms', async () => {
  const lookup = JSON.parse((await ask('/lookup?topic=topic-1234')).body) as {
    channels: string[]
    producers: unknown[]
  }
  expect(lookup.channels).toEqual(['one', 'two'])
  expect(lookup.producers).toHaveLength(NODE_COUNT)
  const { producers } = JSON.parse((await ask('/nodes')).body) as { producers: { topics: string[] }[] }
  expect(producers.map((node) => node.topics.length)).toEqual(Array.from({ length: NODE_COUNT }, () => TOPIC_COUNT))
  expect(await bestMs('/lookup?topic=topic-1234')).toBeLessThan(5)
  expect(await bestMs('/nodes')).toBeLessThan(50)
})

// Memory and processor time of a process as Linux tells them.
test.skipIf(process.platform !== 'linux')(
  '1,000 waiting clients cost under 50 MB and under 5 % of a core',
  async () => {
    const status = () => readFileSync(`/proc/${server.pid}/status`, 'utf8')
    const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(status())?.[1]) / 1024
    const ticks = () => {
      const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return Number(fields[11]) + Number(fields[12]) // utime and stime, hundredths of a second
    }
    const before = residentMb()
    const tokens = await Promise.all(
      Array.from({ length: 10 }, (_, topic) => ask(`/lookup?topic=topic-${topic}&wait=0s`)),
    )
    const abort = new AbortController()
    setMaxListeners(0, abort.signal)
    const waiting = Array.from({ length: WAITING_COUNT }, (_, index) => {
      const topic = index % 10
      return ask(`/lookup?topic=topic-${topic}&wait=5m&since=${tokens[topic]?.token}`, abort.signal)
    })
    const settled = Promise.allSettled(waiting)
    await vi.waitFor(
      async () => expect((await ask('/metrics')).body).toContain(`waiting_requests ${WAITING_COUNT}\n`),
      10_000,
    )
    const ticksBefore = ticks()
    await new Promise((resolve) => setTimeout(resolve, 2000)) // idle, with nothing to wait for but time itself
    expect(ticks() - ticksBefore).toBeLessThan(10)
    expect(residentMb() - before).toBeLessThan(50)
    abort.abort()
    await settled
  },
)
