import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuUs, residentMb } from './usage.mjs'

const START_MAX_MS = 10_000
const STOP_MAX_MS = 15_000

const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

/** A server under load: a process of its own on free ports, with an empty data path that goes with it. */
export class Server {
  #child
  #dataPath
  #httpPort
  tcpPort

  /** @param {{ command: string[], flags: string[] }} settings the flags come behind addresses and data path */
  static async start({ command, flags }) {
    const server = new Server()
    try {
      await server.#start(command, flags)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** CPU microseconds spent since its start. */
  get cpuUs() {
    return cpuUs(this.#child.pid)
  }

  get residentMb() {
    return residentMb(this.#child.pid)
  }

  async post(path) {
    const answer = await fetch(`http://127.0.0.1:${this.#httpPort}${path}`, { method: 'POST' })
    await answer.text()
  }

  async stop() {
    const child = this.#child
    if (child !== undefined && running.has(child)) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS)
      await ended
      clearTimeout(timer)
    }
    rmSync(this.#dataPath, { recursive: true, force: true })
  }

  async #start([program, ...args], flags) {
    this.#dataPath = mkdtempSync(join(tmpdir(), 'nsq-bench-'))
    ;[this.tcpPort, this.#httpPort] = await freePorts(2)
    const addresses = [`--tcp-address=127.0.0.1:${this.tcpPort}`, `--http-address=127.0.0.1:${this.#httpPort}`]
    const child = spawn(program, [...args, ...addresses, `--data-path=${this.#dataPath}`, ...flags], {
      stdio: 'ignore',
    })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.once('error', () => running.delete(child)) // shows as a server that does not answer
    await this.#answersPing([program, ...args].join(' '))
  }

  async #answersPing(name) {
    for (const until = Date.now() + START_MAX_MS; Date.now() < until && running.has(this.#child);) {
      try {
        if ((await fetch(`http://127.0.0.1:${this.#httpPort}/ping`)).ok) return
      } catch {
        // not up yet
      }
      await sleep(20)
    }
    throw new Error(`${name} does not answer /ping`)
  }
}

/** Held open together, so that they differ. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}
