// An nsqd of this repository in a process of its own, for the benchmarks of memory and restarts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXECUTABLE = fileURLToPath(new URL('../../packages/nsqd/bin/nsqd.js', import.meta.url))

export class Nsqd {
  /**
   * @param {string[]} flags beside addresses and data path
   * @param {string} [dataPath] an existing folder, which stays; else one is made, and removed in the end
   */
  static async start(flags = [], dataPath) {
    const nsqd = new Nsqd(flags, dataPath)
    await nsqd.#listens
    await nsqd.http('PUT', '/config/log_level', 'error')
    return nsqd
  }

  #child
  #dataPath
  #ownsDataPath
  #listens
  tcpPort = 0
  httpPort = 0

  constructor(flags, dataPath) {
    this.#ownsDataPath = dataPath === undefined
    this.#dataPath = dataPath ?? mkdtempSync(join(tmpdir(), 'nsqd-memory-'))
    const addresses = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0', `--data-path=${this.#dataPath}`]
    this.#child = spawn(process.execPath, [EXECUTABLE, ...addresses, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    this.#listens = new Promise((resolve, reject) => {
      this.#child.stderr.setEncoding('utf8').on('data', (text) => {
        log = (log + text).slice(-8192)
        this.tcpPort ||= Number(/TCP: listening on \S+:(\d+)/.exec(log)?.[1] ?? 0)
        this.httpPort ||= Number(/HTTP: listening on \S+:(\d+)/.exec(log)?.[1] ?? 0)
        if (this.tcpPort > 0 && this.httpPort > 0) resolve()
      })
      this.#child.once('exit', () => reject(new Error(`nsqd has left; its log:\n${log}`)))
    })
  }

  async http(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { method, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text
  }

  /** The topics of /stats, without clients. */
  async topics() {
    return JSON.parse(await this.http('GET', '/stats?format=json&include_mem=false&include_clients=false')).topics
  }

  /** Resident memory: now, and the most there ever was; in MB of 10^6 bytes. Linux. */
  residentMb() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const field = (name) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) * 1024) / 1e6
    return { now: field('VmRSS'), peak: field('VmHWM') }
  }

  /** JavaScript objects that are left after garbage was collected, and buffers; in MB of 10^6 bytes. */
  async liveMb() {
    let live = { objects: Infinity, buffers: Infinity }
    for (let i = 0; i < 5; i++) {
      await this.http('POST', '/debug/freememory')
      const { memory } = JSON.parse(await this.http('GET', '/stats?format=json&include_clients=false'))
      const objects = (memory.next_gc_bytes - memory.heap_idle_bytes) / 1e6
      if (objects < live.objects) live = { objects, buffers: memory.heap_in_use_bytes / 1e6 - objects }
    }
    return live
  }

  /** @param {'SIGTERM' | 'SIGKILL'} [signal] */
  async stop(signal = 'SIGTERM') {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill(signal)
      await exit
    }
    if (this.#ownsDataPath) rmSync(this.#dataPath, { recursive: true, force: true })
  }
}
