// What one client can do to the others: their median latency stays within twice what it was, and memory is bounded.
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fin, MAGIC_V2, mpub, pub, rdy, sub } from '@nsq-ts/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UpgradedConnection } from './support/upgraded-connection.ts'

const NSQD = fileURLToPath(new URL('../bin/nsqd.js', import.meta.url))

let folder: string
let nsqd: ChildProcess
let tcpPort: number
let httpPort: number
const sockets: Socket[] = []

// A process of its own: what it costs must not be hidden in, or blamed on, the test's.
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-hostile-'))
  const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0', `--data-path=${folder}`]
  nsqd = spawn(process.execPath, [NSQD, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  await new Promise<void>((resolve) => {
    nsqd.stderr!.on('data', (chunk: Buffer) => {
      if (log.length < 100_000) log += chunk.toString()
      const found = [
        /TCP: listening on 127.0.0.1:(\d+)/.exec(log)?.[1],
        / HTTP: listening on 127.0.0.1:(\d+)/.exec(log)?.[1],
      ]
      tcpPort = Number(found[0])
      httpPort = Number(found[1])
      if (log.includes('HTTP: listening')) resolve()
    })
  })
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  const ended = once(nsqd, 'exit')
  nsqd.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true })
})

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // being thrown out is what is expected
  sockets.push(socket)
  return socket
}

/** Milliseconds from publish to receipt, the median of many, one after the other. */
async function medianLatency(topic: string): Promise<number> {
  using client = UpgradedConnection.open(tcpPort)
  await client.ask(sub(topic, 'c'))
  client.send(rdy(1))
  const times: number[] = []
  for (let i = 0; i < 400; i++) {
    const startedAt = performance.now()
    client.send(pub(topic, Buffer.from('x')))
    const message = await client.message()
    times.push(performance.now() - startedAt)
    client.send(fin(message.id))
  }
  return times.sort((a, b) => a - b)[times.length / 2]!
}

function residentMiB(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${nsqd.pid}/status`, 'utf8'))![1]) / 1024
}

/** @param harm goes on until what it returns is called */
async function expectUnharmed(harm: () => Promise<() => void>): Promise<void> {
  await medianLatency('warm')
  const before = Math.min(await medianLatency('before'), await medianLatency('before'))
  const stop = await harm()
  const during = Math.min(await medianLatency('during'), await medianLatency('during'), await medianLatency('during'))
  stop()
  // A tenth of a millisecond is what a busy machine adds or takes away by itself.
  expect(during).toBeLessThan(2 * before + 0.1)
  expect(residentMiB()).toBeLessThan(400)
}

const every = (milliseconds: number, run: () => void) => {
  const timer = setInterval(run, milliseconds)
  return () => clearInterval(timer)
}

test('hundreds of connections that send a byte now and then, over TCP and HTTP', async () => {
  await expectUnharmed(async () => {
    const slow = Array.from({ length: 200 }, (_, i) => open(i % 2 === 0 ? tcpPort : httpPort))
    slow.forEach((socket, i) => socket.write(i % 2 === 0 ? MAGIC_V2 : 'POST /pub?topic=t HTTP/1.1\r\nX-Slow: '))
    let turn = 0
    return every(5, () => slow[turn++ % slow.length]!.write('x'))
  })
})

test('clients that subscribe, and never read', async () => {
  await expectUnharmed(async () => {
    for (let i = 0; i < 5; i++) {
      const lazy = open(tcpPort)
      lazy.pause()
      lazy.write(Buffer.concat([MAGIC_V2, sub('big', `c${i}`), rdy(2500)]))
    }
    using publisher = UpgradedConnection.open(tcpPort)
    const body = Buffer.alloc(100_000)
    for (let i = 0; i < 40; i++)
      await publisher.ask(
        mpub(
          'big',
          Array.from({ length: 20 }, () => body),
        ),
      )
    return () => undefined
  })
})

test('a client that asks without end and never reads the answers', async () => {
  await expectUnharmed(async () => {
    const rude = open(tcpPort)
    rude.pause()
    rude.write(MAGIC_V2)
    const commands = Buffer.concat(Array.from({ length: 1000 }, () => pub('flood#ephemeral', Buffer.from('x'))))
    return every(2, () => {
      if (rude.writableLength < 1_000_000) rude.write(commands)
    })
  })
})

test('consumers with RDY 2,500 that never finish anything', async () => {
  await expectUnharmed(async () => {
    for (let i = 0; i < 5; i++) {
      const hoarder = await UpgradedConnection.upgrade(tcpPort, {})
      sockets.push(hoarder.socket)
      await hoarder.ask(sub('hoard', 'c'))
      hoarder.send(rdy(2500))
    }
    using publisher = UpgradedConnection.open(tcpPort)
    const body = Buffer.alloc(200)
    for (let i = 0; i < 30; i++)
      await publisher.ask(
        mpub(
          'hoard',
          Array.from({ length: 1000 }, () => body),
        ),
      )
    return () => undefined
  })
})
