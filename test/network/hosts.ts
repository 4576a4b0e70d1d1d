// Hosts on one machine: a network namespace each, with one address, all on a bridge that this process has an address on as well.
//
//   this process 10.213.x.254 --[ bridge ]--- link --- host 1: 10.213.x.1
//                                        `---- link --- host 2: 10.213.x.2 ...
//
// A link that is cut says nothing to anybody: packets vanish, as they do when a cable is pulled behind a switch.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { execa } from 'execa'

const NETWORK = `10.213.${process.pid % 250}` // runs at the same time do not get into each other's way
const STOP_TIMEOUT_MS = 10_000

export type Program = ReturnType<typeof spawn>

/** A host, and the programs that run on it. */
export class Host {
  readonly address: string
  /** The last of what its programs wrote. */
  log = ''
  readonly #namespace: string
  readonly #link: string
  readonly #programs: Program[] = []

  constructor(namespace: string, link: string, address: string) {
    this.#namespace = namespace
    this.#link = link
    this.address = address
  }

  /** Starts a program of ours on this host. @param args for node */
  run(args: readonly string[]): void {
    const program = spawn(this.#namespace, [process.execPath, ...args])
    program.all.on('data', (chunk: Buffer) => (this.log = (this.log + chunk.toString()).slice(-32_768)))
    this.#programs.push(program)
  }

  /** Starts a command of a shell on this host. */
  shell(command: string, { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> }): Program {
    const program = spawn(this.#namespace, ['sh', '-c', `exec ${command}`], { cwd, env })
    this.#programs.push(program)
    return program
  }

  /** Runs a program of ours to its end. @returns what it wrote @throws when it fails */
  async output(args: readonly string[]): Promise<string> {
    const { stdout } = await execa('ip', ['netns', 'exec', this.#namespace, process.execPath, ...args])
    return stdout
  }

  async cut(): Promise<void> {
    await ip('link', 'set', this.#link, 'down')
  }

  async heal(): Promise<void> {
    await ip('link', 'set', this.#link, 'up')
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) program.kill('SIGTERM')
    await Promise.all(this.#programs)
  }
}

/** Close it: it outlives this process. What a process left that was killed goes when the next one begins. */
export class Hosts implements AsyncDisposable {
  readonly #hosts: Host[] = []
  readonly #namespaces: string[] = []
  readonly #name = nameOf(process.pid)
  #closed: Promise<void> | undefined

  private constructor() {}

  static async make(count: number): Promise<Hosts> {
    const hosts = new Hosts()
    try {
      await sweep()
      await hosts.#make(count)
    } catch (error) {
      await hosts.close()
      throw error
    }
    return hosts
  }

  /** Why there can be no hosts on this machine; undefined if there can. */
  static async obstacle(): Promise<string | undefined> {
    try {
      await using _hosts = await Hosts.make(1)
      return undefined
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return 'there is no `ip` (Debian: apt-get install iproute2)'
      return `network namespaces are not allowed here - ${message.trim().split('\n').at(-1)}`
    }
  }

  get list(): readonly Host[] {
    return this.#hosts
  }

  /** Ends all programs, and removes the hosts. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeOnce(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()))
    await remove(this.#name, this.#namespaces)
  }

  async #make(count: number): Promise<void> {
    await ip('link', 'add', `${this.#name}br`, 'type', 'bridge')
    await ip('addr', 'add', `${NETWORK}.254/24`, 'dev', `${this.#name}br`)
    await ip('link', 'set', `${this.#name}br`, 'up')
    for (let i = 1; i <= count; i++) await this.#addHost(i)
  }

  async #addHost(number: number): Promise<void> {
    const namespace = `${this.#name}-${number}`
    const link = `${this.#name}l${number}`
    const address = `${NETWORK}.${number}`
    await ip('netns', 'add', namespace)
    this.#namespaces.push(namespace)
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    await ip('link', 'set', link, 'master', `${this.#name}br`, 'up')
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    this.#hosts.push(new Host(namespace, link, address))
  }
}

function spawn(
  namespace: string,
  command: readonly string[],
  settings: { cwd?: string; env?: Record<string, string> } = {},
) {
  return execa('ip', ['netns', 'exec', namespace, ...command], {
    ...settings,
    all: true,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    forceKillAfterDelay: STOP_TIMEOUT_MS,
  })
}

function nameOf(pid: number): string {
  return `nsq${pid.toString(36)}`
}

function pidOf(name: string): number {
  return Number.parseInt(name.slice('nsq'.length), 36)
}

/** Removes the hosts of processes that are no more, with all that runs on them. */
async function sweep(): Promise<void> {
  const namespaces = new Map<string, string[]>()
  for (const line of (await ip('netns', 'list')).split('\n')) {
    const [, namespace, name] = /^((nsq[0-9a-z]+)-\d+)\b/.exec(line) ?? []
    if (namespace === undefined || name === undefined || existsSync(`/proc/${pidOf(name)}`)) continue
    namespaces.set(name, [...(namespaces.get(name) ?? []), namespace])
  }
  for (const [name, ofName] of namespaces) await remove(name, ofName)
}

/** Namespaces with what still runs in them, links, bridge: as much of it as there is. */
async function remove(name: string, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const pids = (await ip('netns', 'pids', namespace)).split('\n').filter(Boolean)
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    await ip('netns', 'del', namespace)
  }
  // A link does not go with its namespace while that still has a socket which waits for its peer's last word.
  const links = (await ip('-o', 'link')).matchAll(new RegExp(`^\\d+: (${name}(?:br|l\\d+))\\b`, 'gm'))
  for (const [, link = ''] of links) await ip('link', 'del', link).catch(() => {}) // gone after all
}

async function ip(...args: string[]): Promise<string> {
  return (await promisify(execFile)('ip', args)).stdout
}
