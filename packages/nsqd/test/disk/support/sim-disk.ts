import type { LogFile, LogFiles } from '../../../src/log/files.ts'

/** More than a simulation has reason for. */
const TASKS_MAX = 20_000
/** The unit in which a power cut keeps or loses what was not synced. */
const SECTOR_SIZE = 512

export type CallKind =
  | 'open'
  | 'create'
  | 'write'
  | 'read'
  | 'sync'
  | 'syncDirectory'
  | 'remove'
  | 'rename'
  | 'truncate'

/** Calls of some kinds fail, from the `after`-th of them on, `count` times. */
export interface Fault {
  readonly code: 'EIO' | 'ENOSPC' | 'EMFILE'
  readonly kinds: readonly CallKind[]
  after: number
  count: number
}

/** Which calls an error is the answer to. */
const KINDS: Record<Fault['code'], readonly CallKind[]> = {
  ENOSPC: ['write', 'create'],
  EMFILE: ['open', 'create'],
  EIO: ['open', 'create', 'write', 'read', 'sync', 'syncDirectory', 'remove', 'rename', 'truncate'],
}

type DataChange = { readonly at: number; readonly bytes: Buffer } | { readonly size: number }
type NameChange =
  | { readonly kind: 'create'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }

interface Inode {
  /** As programs see it. */
  seen: Buffer
  /** As it is on stable storage. */
  kept: Buffer
  /** What makes the one of the other, in order. */
  changes: DataChange[]
  /** Bytes that can't be read: [from, to). */
  bad?: readonly [from: number, to: number]
}

/**
 * A disk in memory that keeps what a real one keeps: after `kill`, all that was written; after `cutPower`, what was synced
 * (data by the sync of its file, names by the sync of their folder), and of the rest whatever chance leaves.
 *
 * After a failed sync, what was to be synced counts as clean, as Linux has it: a later sync succeeds and does not bring it
 * back. What finishes later (readLater, syncLater) does so when `complete` says so.
 */
export class SimDisk implements LogFiles {
  /** Calls so far, for determinism and for faults. */
  calls = 0
  faults: Fault[] = []
  /** Some calls failed since this was reset, other than those of a process that is dead. */
  faulted = false
  openCount = 0
  /** A sync failed once: what it lost may look as if it were there until the power goes. */
  lostWrites = false
  /** The process dies at this call: nothing reaches the disk any more. */
  dieAt = Infinity
  /** One call, by its number, fails, or moves half of what it should. */
  planned: { readonly at: number; readonly what: Fault['code'] | 'short' } | null = null
  /** Chance of a read or write that is cut short. */
  shortness = 0.05
  readonly #random: () => number
  #names = new Map<string, Inode>()
  #keptNames = new Map<string, Inode>()
  #nameChanges: NameChange[] = []
  readonly #folders = new Set<string>()
  #tasks: (() => void)[] = []
  /** Handles of an earlier life do nothing any more. */
  #life = 0
  #begun = 0

  constructor(random: () => number) {
    this.#random = random
  }

  get dead(): boolean {
    return this.calls >= this.dieAt
  }

  /** Calls fail now, or have failed. */
  get failed(): boolean {
    return this.faulted || this.dead
  }

  // ---- what happens to it ----

  /** The process dies; what it wrote stays. */
  kill(): void {
    this.#life++
    this.#tasks = []
    this.openCount = 0
    this.dieAt = Infinity
  }

  /** The machine dies. */
  cutPower(): void {
    this.kill()
    this.#keepSomeNames()
    this.#names = new Map(this.#keptNames)
    const mode = Math.floor(this.#random() * 4)
    for (const inode of new Set(this.#names.values())) this.#keepSomeData(inode, mode)
  }

  /** Finishes what was begun, in any order. @returns false when nothing was under way */
  complete(countMax = Infinity): boolean {
    let count = 0
    while (this.#tasks.length > 0 && count < countMax) {
      const [task] = this.#tasks.splice(Math.floor(this.#random() * this.#tasks.length), 1)
      task!()
      count++
    }
    return count > 0
  }

  get busy(): boolean {
    return this.#tasks.length > 0
  }

  /** Turns one bit over, in the file and on stable storage. */
  flip(path: string, byte: number, bit: number): void {
    const inode = this.#names.get(path)!
    for (const bytes of [inode.seen, inode.kept]) if (byte < bytes.length) bytes[byte]! ^= 1 << bit
  }

  /** The disk cannot read a place any more. */
  spoil(path: string, from: number, to: number): void {
    this.#names.get(path)!.bad = [from, to]
  }

  /** Another disk with all that is on this one, as if it had been synced. */
  copy(): SimDisk {
    const disk = new SimDisk(this.#random)
    for (const [path, { seen }] of this.#names) {
      const inode = { seen: Buffer.from(seen), kept: Buffer.from(seen), changes: [] }
      disk.#names.set(path, inode)
      disk.#keptNames.set(path, inode)
    }
    for (const folder of this.#folders) disk.#folders.add(folder)
    return disk
  }

  /** What is in a file, as programs see it. */
  contents(path: string): Buffer {
    return this.#names.get(path)!.seen
  }

  /** All files there are, with their sizes. */
  sizes(): Map<string, number> {
    return new Map(Array.from(this.#names, ([path, { seen }]) => [path, seen.length]))
  }

  #keepSomeNames(): void {
    const changes = this.#nameChanges
    this.#nameChanges = []
    const prefix = this.#random() < 0.5
    const end = Math.floor(this.#random() * (changes.length + 1))
    changes.forEach((change, i) => {
      if (prefix ? i < end : this.#random() < 0.5) applyName(this.#keptNames, change)
    })
  }

  #keepSomeData(inode: Inode, mode: number): void {
    const end = Math.floor(this.#random() * (inode.changes.length + 1))
    inode.changes.forEach((change, i) => {
      if (mode === 0) return
      if (mode === 1 && i > end) return
      if (mode === 1 && i === end && 'bytes' in change) {
        const torn = change.bytes.subarray(0, Math.floor(this.#random() * change.bytes.length))
        inode.kept = applyData(inode.kept, { at: change.at, bytes: torn })
      } else if (mode === 2 && 'bytes' in change) {
        this.#keepSomeSectors(inode, change)
      } else if (mode === 3 || this.#random() < 0.5) {
        inode.kept = applyData(inode.kept, change)
      }
    })
    inode.changes = []
    inode.seen = Buffer.from(inode.kept)
  }

  #keepSomeSectors(inode: Inode, change: { at: number; bytes: Buffer }): void {
    for (let from = 0; from < change.bytes.length;) {
      const sectorEnd = SECTOR_SIZE - ((change.at + from) % SECTOR_SIZE)
      const to = Math.min(change.bytes.length, from + sectorEnd)
      if (this.#random() < 0.5) {
        inode.kept = applyData(inode.kept, { at: change.at + from, bytes: change.bytes.subarray(from, to) })
      }
      from = to
    }
  }

  // ---- LogFiles ----

  list(directory: string): string[] {
    const names = new Set<string>()
    for (const path of [...this.#names.keys(), ...this.#folders]) {
      if (!path.startsWith(`${directory}/`)) continue
      const name = path.slice(directory.length + 1)
      names.add(name.includes('/') ? name.slice(0, name.indexOf('/')) : name)
    }
    return [...names].sort()
  }

  makeDirectory(directory: string): void {
    this.#call('create')
    this.#folders.add(directory)
  }

  open(path: string, mode: 'create' | 'edit' | 'read'): LogFile {
    this.#call(mode === 'create' ? 'create' : 'open')
    let inode = this.#names.get(path)
    if (mode === 'create') {
      if (inode !== undefined) throw failure('EEXIST', path)
      inode = { seen: Buffer.alloc(0), kept: Buffer.alloc(0), changes: [] }
      this.#changeName({ kind: 'create', path, inode })
    }
    if (inode === undefined) throw failure('ENOENT', path)
    this.openCount++
    return new SimFile(this, inode)
  }

  rename(from: string, to: string): void {
    this.#call('rename')
    // What is pending in a folder goes with it.
    const moved = (path: string): string => (path.startsWith(`${from}/`) ? to + path.slice(from.length) : path)
    this.#nameChanges = this.#nameChanges.map((change) =>
      change.kind === 'rename' ? change : { ...change, path: moved(change.path) },
    )
    this.#changeName({ kind: 'rename', from, to })
    if (this.#folders.delete(from)) this.#folders.add(to)
  }

  remove(path: string): void {
    this.#call('remove')
    if (!this.#names.has(path)) throw failure('ENOENT', path)
    this.#changeName({ kind: 'remove', path })
  }

  removeDirectory(directory: string): void {
    this.#call('remove')
    if (this.list(directory).length > 0) throw failure('ENOTEMPTY', directory)
    this.#folders.delete(directory)
  }

  /** Names of files in folders within count as well: the folders of topics are made and renamed as a whole. */
  syncDirectory(directory: string): void {
    this.#call('syncDirectory')
    this.#nameChanges = this.#nameChanges.filter((change) => {
      const path = change.kind === 'rename' ? change.to : change.path
      if (path.slice(0, path.lastIndexOf('/')) !== directory) return true
      applyName(this.#keptNames, change)
      return false
    })
  }

  #changeName(change: NameChange): void {
    applyName(this.#names, change)
    this.#nameChanges.push(change)
  }

  // ---- for its files ----

  get life(): number {
    return this.#life
  }

  /** @throws what the fault says */
  call(kind: CallKind): void {
    this.#call(kind)
  }

  #call(kind: CallKind): void {
    this.calls++
    if (this.dead) throw failure('EIO', 'the process is dead')
    const { planned } = this
    if (
      planned !== null &&
      this.calls === planned.at &&
      planned.what !== 'short' &&
      KINDS[planned.what].includes(kind)
    ) {
      this.faulted = true
      throw failure(planned.what, kind)
    }
    for (const fault of this.faults) {
      if (!fault.kinds.includes(kind) || fault.after-- > 0 || fault.count-- <= 0) continue
      this.faulted = true
      throw failure(fault.code, kind)
    }
  }

  /** How much of `size` bytes a call is to move. */
  portion(size: number): number {
    if (this.planned?.what === 'short' && this.planned.at === this.calls) return Math.max(1, size >>> 1)
    return size > 1 && this.#random() < this.shortness ? 1 + Math.floor(this.#random() * (size - 1)) : size
  }

  later(task: () => void): void {
    if (++this.#begun > TASKS_MAX) throw new Error('reads and syncs do not come to an end')
    this.#tasks.push(task)
  }
}

class SimFile implements LogFile {
  readonly #disk: SimDisk
  readonly #inode: Inode
  readonly #life: number
  #open = true

  constructor(disk: SimDisk, inode: Inode) {
    this.#disk = disk
    this.#inode = inode
    this.#life = disk.life
  }

  size(): number {
    this.#check()
    return this.#inode.seen.length
  }

  write(bytes: Buffer, start: number, end: number, position: number): number {
    this.#check()
    this.#disk.call('write')
    const size = this.#disk.portion(end - start)
    this.#change({ at: position, bytes: Buffer.from(bytes.subarray(start, start + size)) })
    return size
  }

  read(bytes: Buffer, position: number): number {
    this.#check()
    this.#disk.call('read')
    this.#checkSectors(bytes, position)
    return this.#read(bytes, position)
  }

  readLater(bytes: Buffer, position: number, done: (error: Error | null, size: number) => void): void {
    this.#check()
    this.#disk.later(() => {
      try {
        this.#disk.call('read')
        this.#checkSectors(bytes, position)
      } catch (error) {
        return done(error as Error, 0)
      }
      done(null, this.#read(bytes, position))
    })
  }

  #checkSectors(bytes: Buffer, position: number): void {
    const { bad } = this.#inode
    if (bad !== undefined && position < bad[1] && position + bytes.length > bad[0]) throw failure('EIO', 'a bad sector')
  }

  sync(): void {
    this.#check()
    this.#sync(this.#inode.changes.length)
  }

  syncLater(done: (error: Error | null) => void): void {
    this.#check()
    const count = this.#inode.changes.length
    this.#disk.later(() => {
      try {
        this.#sync(count)
      } catch (error) {
        return done(error as Error)
      }
      done(null)
    })
  }

  truncate(size: number): void {
    this.#check()
    this.#disk.call('truncate')
    this.#change({ size })
  }

  close(): void {
    if (!this.#open) throw new Error('closed twice')
    this.#open = false
    if (this.#life === this.#disk.life) this.#disk.openCount--
  }

  #read(bytes: Buffer, position: number): number {
    const size = this.#disk.portion(Math.min(bytes.length, Math.max(0, this.#inode.seen.length - position)))
    return this.#inode.seen.copy(bytes, 0, position, position + size)
  }

  #sync(count: number): void {
    const inode = this.#inode
    // What two syncs have in common is synced by the first.
    const due = Math.min(count, inode.changes.length)
    try {
      this.#disk.call('sync')
    } catch (error) {
      // What was to be synced counts as clean then, and is not on the disk; unless nobody was left to ask for it.
      if (!this.#disk.dead) {
        inode.changes.splice(0, due)
        this.#disk.lostWrites = true
      }
      throw error
    }
    const changes = inode.changes.splice(0, due)
    for (const change of changes) inode.kept = applyData(inode.kept, change)
  }

  #change(change: DataChange): void {
    this.#inode.seen = applyData(this.#inode.seen, change)
    this.#inode.changes.push(change)
  }

  #check(): void {
    if (!this.#open) throw failure('EBADF', 'a file that was closed')
    if (this.#life !== this.#disk.life) throw new Error('a process that died goes on')
  }
}

function applyData(bytes: Buffer, change: DataChange): Buffer {
  if (!('bytes' in change)) {
    const changed = Buffer.alloc(change.size)
    bytes.copy(changed)
    return changed
  }
  const end = change.at + change.bytes.length
  let changed = bytes
  if (end > bytes.length) {
    changed = Buffer.alloc(end)
    bytes.copy(changed)
  }
  change.bytes.copy(changed, change.at)
  return changed
}

/** A folder is renamed with what is in it, if the name is not a file's. */
function applyName(names: Map<string, Inode>, change: NameChange): void {
  if (change.kind === 'create') {
    names.set(change.path, change.inode)
  } else if (change.kind === 'remove') {
    names.delete(change.path)
  } else {
    for (const [path, inode] of Array.from(names)) {
      if (path !== change.from && !path.startsWith(`${change.from}/`)) continue
      names.delete(path)
      names.set(change.to + path.slice(change.from.length), inode)
    }
  }
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
