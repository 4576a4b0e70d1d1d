/** A disk in memory that knows what was synced, moves bytes in small pieces and fails at a chosen call. */
import { basename } from 'node:path'
import type { OpenPurpose, QueueFile, QueueFiles } from '../../src/index.ts'

export interface Fault {
  /** Which call fails, counted from 0. */
  readonly call: number
  readonly code: string
  /** True: all calls from that one on, as on a full or dying disk. */
  readonly lasting?: boolean
}

export interface Behaviour {
  readonly fault?: Fault
  /** Bytes that one read or write moves at most. */
  readonly transferMax?: number
}

interface Inode {
  data: Buffer
  synced: Buffer
}

export class SimulatedFiles implements QueueFiles {
  readonly #behaviour: Behaviour
  readonly #inodes: Map<string, Inode>
  #syncedInodes: Map<string, Inode>
  #calls = 0
  #opened = 0
  readonly log: string[] = []

  constructor(behaviour: Behaviour = {}, content: ReadonlyMap<string, Buffer> = new Map()) {
    this.#behaviour = behaviour
    this.#inodes = new Map([...content].map(([name, data]) => [name, { data, synced: data }]))
    this.#syncedInodes = new Map(this.#inodes)
  }

  get calls(): number {
    return this.#calls
  }

  /** Files open now: 0 once everything was closed. */
  get opened(): number {
    return this.#opened
  }

  /** All files as a process sees them: what `kill -9` leaves. */
  content(): Map<string, Buffer> {
    return new Map([...this.#inodes].map(([name, { data }]) => [name, data]))
  }

  /**
   * What a power cut leaves: synced names and bytes, of each file this share (0..1) of its bytes behind those, and what
   * was made, renamed or removed since the directory was synced only for the names that are `kept`.
   */
  contentAfterPowerCut(share: number, kept: (name: string) => boolean = () => false): Map<string, Buffer> {
    const content = new Map<string, Buffer>()
    for (const name of new Set([...this.#syncedInodes.keys(), ...this.#inodes.keys()])) {
      const inode = (kept(name) ? this.#inodes : this.#syncedInodes).get(name)
      if (inode === undefined) continue
      const tail = inode.data.subarray(inode.synced.length)
      content.set(name, Buffer.concat([inode.synced, tail.subarray(0, Math.floor(tail.length * share))]))
    }
    return content
  }

  open(path: string, purpose: OpenPurpose): QueueFile {
    const name = this.#step('open', path)
    let inode = this.#inodes.get(name)
    if (purpose === 'create') {
      if (inode !== undefined) throw systemError('EEXIST')
      inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0) }
      this.#inodes.set(name, inode)
    }
    if (inode === undefined) throw systemError('ENOENT')
    this.#opened++
    return this.#file(name, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    const name = this.#step('rename', from)
    const inode = this.#inodes.get(name)
    if (inode === undefined) throw systemError('ENOENT')
    this.#inodes.delete(name)
    this.#inodes.set(basename(to), inode)
  }

  unlink(path: string): void {
    const name = this.#step('unlink', path)
    if (!this.#inodes.delete(name)) throw systemError('ENOENT')
  }

  readdir(directory: string): string[] {
    this.#step('readdir', directory)
    return [...this.#inodes.keys()]
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#step('sync directory', directory)
    this.#syncedInodes = new Map(this.#inodes)
  }

  #file(name: string, inode: Inode): QueueFile {
    const transferMax = this.#behaviour.transferMax ?? Infinity
    let open = true
    const step = (operation: string): void => {
      if (!open) throw new Error(`${operation} on a closed file`)
      this.#step(operation, name)
    }
    return {
      size: () => {
        step('size')
        return inode.data.length
      },
      read: (target, offset) => {
        step('read')
        return inode.data.copy(target.subarray(0, transferMax), 0, offset)
      },
      write: (source, offset) => {
        step('write')
        const part = source.subarray(0, transferMax)
        const grown = Buffer.alloc(Math.max(inode.data.length, offset + part.length))
        inode.data.copy(grown)
        part.copy(grown, offset)
        inode.data = grown
        return part.length
      },
      sync: () => {
        step('sync')
        inode.synced = inode.data
      },
      close: () => {
        if (!open) throw new Error('closed twice')
        open = false
        this.#opened--
        this.#step('close', name)
      },
    }
  }

  #step(operation: string, path: string): string {
    const name = basename(path)
    const call = this.#calls++
    this.log.push(`${operation} ${name}`)
    const { fault } = this.#behaviour
    if (fault === undefined) return name
    if (call === fault.call || (fault.lasting === true && call > fault.call)) throw systemError(fault.code)
    return name
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code })
}
