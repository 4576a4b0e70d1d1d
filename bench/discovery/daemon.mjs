// A daemon in a process of its own, for the discovery benchmark. Ports are fixed, so that it can be killed and come back.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuUs, residentMb } from '../server/usage.mjs'

export class Daemon {
  /**
   * @param {string} command the program and its first arguments, between spaces
   * @param {string[]} flags beside the addresses
   * @param {{tcpPort: number, httpPort: number}} ports
   */
  static async start(command, flags, ports) {
    const daemon = new Daemon(command, flags, ports)
    for (;;) {
      if (daemon.#child.exitCode !== null) throw new Error(`${command} has left; its log:\n${daemon.#log}`)
      const answer = await daemon.http('GET', '/ping').catch(() => '')
      if (answer === 'OK') return daemon
      await sleep(20)
    }
  }

  tcpPort
  httpPort
  #child
  #log = ''

  /** Starts it, and waits for nothing. */
  constructor(command, flags, { tcpPort, httpPort }) {
    this.tcpPort = tcpPort
    this.httpPort = httpPort
    const [program, ...args] = command.split(' ')
    const addresses = [`--tcp-address=127.0.0.1:${tcpPort}`, `--http-address=127.0.0.1:${httpPort}`]
    const given = [...args, ...addresses, '--broadcast-address=127.0.0.1', ...flags]
    this.#child = spawn(program, given, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.#log = (this.#log + text).slice(-8192)))
  }

  /** CPU microseconds spent since its start. Linux only. */
  get cpuUs() {
    return cpuUs(this.#child.pid)
  }

  /** Linux only. */
  get residentMb() {
    return residentMb(this.#child.pid)
  }

  async http(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { method, body })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text
  }

  async json(path) {
    return JSON.parse(await this.http('GET', path))
  }

  async end(signal) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }
}
