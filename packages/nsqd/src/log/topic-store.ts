import { isUnreadable, nameBefore, setAside } from './aside.ts'
import type { ChannelJournal, JournalKeeper } from '../core/channel-journal.ts'
import { type Extent, FILE_HEADER_SIZE } from './data-file.ts'
import type { LogFiles } from './files.ts'
import type { RecordWriter } from './journal-records.ts'
import { Journal, journalNumbers, journalPath, readJournal } from './journal.ts'
import type { LogStorage } from './log.ts'
import { LogStore } from './log-store.ts'
import { RecoveredTopic } from './recovery.ts'
import type { SegmentCache } from './segment-cache.ts'

/**
 * When a publish is answered: `memory`, when it is in memory (the disk is for what does not fit, and for a clean exit);
 * `os`, when its bytes are with the kernel; `fsync`, when they are on stable storage.
 */
export type Durability = 'memory' | 'os' | 'fsync'

export interface TopicStoreSettings {
  readonly files: LogFiles
  readonly cache: SegmentCache
  readonly maxBytesPerFile: number
  /** Messages of a log that stay in memory. */
  readonly residentMax: number
  /** Wall clock minus monotonic clock, in milliseconds. */
  wallOffsetMs(): number
  /** A stretch of a file is not what was written. */
  damaged(path: string, offset: number, size: number): void
  /** A file that is damaged is kept under another name, and not looked at again. */
  kept(path: string, aside: string): void
}

/** The journals that were found in a folder: their numbers, the newest first, and those that are damaged. */
export interface FoundJournals {
  readonly numbers: readonly number[]
  readonly damaged: ReadonlySet<number>
}

const MESSAGES_PREFIX = 'messages'
const SCHEDULED_PREFIX = 'scheduled'
const OWN_PREFIX = 'own.'

/**
 * What a topic has on disk: a folder with the files of its logs and its journal.
 *
 *   <topic>.topic/
 *     messages-<base position>.log          all messages of the topic
 *     scheduled-<base position>.log         those with a delay
 *     own.<channel>-<base position>.log     those that one channel has to itself
 *     journal-<number>.log                  what became of them
 *
 * The folder is made with the first thing that is written.
 */
export class TopicStore implements JournalKeeper {
  readonly directory: string
  readonly journal: Journal
  readonly messages: LogStorage
  readonly scheduled: LogStorage
  readonly #settings: TopicStoreSettings
  readonly #own = new Map<string, LogStorage>()
  readonly #requestFlush: (now: boolean) => void
  /** Channels with a run that is not in the journal yet. */
  readonly #runs = new Set<ChannelJournal>()
  #durability: Durability
  /** There is a folder. */
  #made = false
  /** And its name is on stable storage. */
  #prepared = false
  #flushRequested = false
  /** The journal was told of copies since it was last synced. */
  #moved = false
  /** What has to be in the journal before anything else is published is not. */
  #urgent = false
  /** Files of the own logs of channels that were deleted. */
  readonly #dropped: LogStore[] = []
  /** The folder was left behind by a topic of the same name whose deletion failed. */
  #leftover: boolean

  /**
   * @param found journals in the folder; null: there should be no folder
   * @param snapshot writes all that is true now as records
   * @param requestFlush asks for `flush` to be called soon, or now
   */
  constructor(
    settings: TopicStoreSettings,
    directory: string,
    durability: Durability,
    found: FoundJournals | null,
    snapshot: (writer: RecordWriter) => void,
    requestFlush: (now: boolean) => void,
  ) {
    this.#settings = settings
    this.directory = directory
    this.#durability = durability
    this.#requestFlush = requestFlush
    this.#leftover = found === null && settings.files.list(directory).length > 0
    this.journal = new Journal(
      settings.files,
      directory,
      found?.numbers ?? [],
      found?.damaged ?? new Set(),
      (writer) => {
        for (const run of this.#runs) run.forgetRun()
        this.#runs.clear()
        snapshot(writer)
      },
    )
    this.messages = this.#logStorage(MESSAGES_PREFIX, settings.residentMax)
    this.scheduled = this.#logStorage(SCHEDULED_PREFIX, settings.residentMax)
  }

  get durability(): Durability {
    return this.#durability
  }

  /** From now on this holds. The caller has seen to it that what is in memory only is written where it has to be. */
  changeDurability(durability: Durability): void {
    this.#durability = durability
    for (const storage of [this.messages, this.scheduled, ...this.#own.values()]) {
      storage.writesAll = durability !== 'memory'
    }
  }

  /** The storage of a channel's own log. What lies there was in nobody's way on disk: it stays there. */
  ownLog(channel: string): LogStorage {
    let storage = this.#own.get(channel)
    if (storage === undefined) {
      storage = this.#logStorage(
        `${OWN_PREFIX}${channel}`,
        this.durability === 'memory' ? this.#settings.residentMax : 0,
      )
      this.#own.set(channel, storage)
    }
    return storage
  }

  /** The channel was deleted: its files go with the next flush. */
  dropOwnLog(channel: string): void {
    const storage = this.#own.get(channel)
    if (storage === undefined) return
    this.#own.delete(channel)
    storage.store.retire()
    this.#dropped.push(storage.store)
    this.requestFlush()
  }

  wallOffsetMs(): number {
    return this.#settings.wallOffsetMs()
  }

  // ---- the journal ----

  recorded(run: ChannelJournal): void {
    this.#runs.add(run)
    this.requestFlush()
  }

  /** Something waits to be written to the journal. */
  get recording(): boolean {
    return this.#runs.size > 0 || !this.journal.records.empty
  }

  requestFlush(): void {
    if (this.#flushRequested) return
    this.#flushRequested = true
    this.#requestFlush(false)
  }

  flushNow(): void {
    this.#requestFlush(true)
  }

  /** The journal is told of copies: it has to be safe before what they were copied from may go. */
  noteMoved(): void {
    this.#moved = true
  }

  /**
   * Sees to it that the journal is written from now on, and says what has to be known before anything is published.
   * @throws of the file system
   */
  beginJournal(): void {
    if (!this.journal.begun) {
      this.prepare()
      this.journal.begin()
    } else if (this.#urgent) {
      this.flushUrgent()
    }
  }

  /** As flush, for what must not be forgotten: with `fsync`, not even in a power cut. @throws of the file system */
  flushUrgent(): void {
    this.#urgent = true
    this.flush()
    if (this.durability === 'fsync') this.journal.sync()
    this.#urgent = false
  }

  /**
   * Writes what is to be recorded, then removes the files that are not needed any more: a file goes only when that what
   * was in it is done with cannot be forgotten.
   * @throws of the file system; what was not written is kept, and written the next time
   */
  flush(): void {
    this.#flushRequested = false
    if (!this.#wanted) return
    if (!this.journal.begun) return this.beginJournal()
    for (const run of this.#runs) run.writeRun()
    this.#runs.clear()
    this.journal.flush()
    this.#removeCondemned()
  }

  /** @throws of the file system */
  #clearLeftover(): void {
    if (this.#leftover) this.#removeAll()
    this.#leftover = false
  }

  /** Has files that nothing is needed of removed soon. */
  tidy(): void {
    try {
      this.#clearLeftover()
    } catch {
      // it is in the way of the first publish, which says so
    }
    if (this.journal.untidy || this.#stores().some((store) => store.hasCondemned)) this.requestFlush()
  }

  #removeCondemned(): void {
    const stores = [...this.#stores(), ...this.#dropped].filter((store) => store.hasCondemned)
    if (stores.length > 0 && this.#moved) {
      this.journal.sync()
      this.#moved = false
    }
    for (const store of stores) store.removeCondemned()
    this.#dropped.length = 0
  }

  /**
   * Removes the files of messages that are not needed any more although what became of them could not be written down: on
   * a full disk nothing can be, before there is room. What they held was finished; a crash that forgets so finds no
   * message where the journal speaks of one, and passes it over.
   */
  removeFinished(): void {
    if (this.#moved) return // that copies are the messages now must not be forgotten
    try {
      this.messages.store.removeCondemned()
    } catch {
      // they go with the next flush
    }
  }

  /** There is something that a journal has to tell of. */
  get #wanted(): boolean {
    return this.#made || this.journal.begun
  }

  // ---- stable storage ----

  get unsynced(): boolean {
    return this.messages.store.unsynced || this.scheduled.store.unsynced || this.journal.unsynced
  }

  /** Brings both logs to stable storage, off the thread. */
  syncLater(done: (error: Error | null) => void): void {
    let left = 2
    let failure: Error | null = null
    const synced = (error: Error | null): void => {
      failure ??= error
      if (--left === 0) done(failure)
    }
    this.messages.store.syncLater(synced)
    this.scheduled.store.syncLater(synced)
  }

  /** Brings all there is to stable storage, at once; also what an earlier run wrote. @throws of the file system */
  syncAll(): void {
    for (const store of this.#stores()) store.syncAll()
    this.journal.sync()
  }

  /** The same for the journal. */
  syncJournalLater(done: (error: Error | null) => void): void {
    this.journal.syncLater(done)
  }

  /** Bytes on disk. */
  get size(): number {
    return this.#stores().reduce((size, store) => size + store.size, this.journal.size)
  }

  // ---- start and stop ----

  /** Makes the folder; for all we know, one that is there was made right before a crash. @throws of the file system */
  prepare(): void {
    if (this.#prepared) return
    const { files } = this.#settings
    this.#clearLeftover()
    files.makeDirectory(this.directory)
    this.#made = true
    files.syncDirectory(parentOf(this.directory))
    this.#prepared = true
  }

  /**
   * Finds what an earlier run left in the folder.
   * @param names of the files in it
   */
  open(names: readonly string[]): { messages: Extent[]; scheduled: Extent[]; own: Map<string, Extent[]> } {
    this.#made = true
    const own = new Map<string, Extent[]>()
    for (const channel of ownChannels(names)) own.set(channel, this.ownLog(channel).store.open(names))
    return { messages: this.messages.store.open(names), scheduled: this.scheduled.store.open(names), own }
  }

  /** After open: files of which nothing is needed go with the next flush. */
  condemnUnused(): void {
    for (const store of this.#stores()) store.condemnUnused()
    this.requestFlush()
  }

  /** Channels for which there are files. */
  ownChannels(): Iterable<string> {
    return [...this.#own.keys()]
  }

  /** A last snapshot, and all of it synced. @throws of the file system */
  close(): void {
    const failures: Error[] = []
    const attempt = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        failures.push(error as Error)
      }
    }
    for (const store of this.#stores()) attempt(() => store.close())
    if (this.#wanted) attempt(() => this.journal.begin())
    if (failures.length === 0) attempt(() => this.#removeCondemned())
    this.journal.close()
    if (failures.length > 0) throw failures[0]!
  }

  /** Removes everything. Renamed first, so that what a crash leaves is not taken for a topic. @throws of the file system */
  destroy(): void {
    this.closeHandles()
    if (this.#made || this.#leftover) this.#removeAll()
  }

  /** Lets go of all files as they are. */
  closeHandles(): void {
    for (const store of [...this.#stores(), ...this.#dropped]) store.closeHandles()
    this.journal.close()
  }

  #removeAll(): void {
    const { files } = this.#settings
    const doomed = `${this.directory}${DELETED_SUFFIX}`
    if (files.list(doomed).length > 0) removeFolder(files, doomed)
    files.rename(this.directory, doomed)
    files.syncDirectory(parentOf(this.directory))
    try {
      removeFolder(files, doomed)
    } catch {
      // It is deleted by its name; what is left of it goes at the next start.
    }
  }

  #stores(): LogStore[] {
    return [this.messages.store, this.scheduled.store, ...Array.from(this.#own.values(), (storage) => storage.store)]
  }

  #logStorage(prefix: string, residentMax: number): LogStorage {
    const { cache, files, maxBytesPerFile } = this.#settings
    const store = new LogStore({
      files,
      directory: this.directory,
      prefix,
      maxBytesPerFile,
      prepare: () => this.prepare(),
      damaged: (path, offset, size) => this.#settings.damaged(path, offset, size),
      kept: (path, aside) => this.#settings.kept(path, aside),
    })
    return { store, cache, residentMax, writesAll: this.durability !== 'memory' }
  }
}

export const DELETED_SUFFIX = '.deleted'

/** Removes a folder of files. @throws of the file system */
export function removeFolder(files: LogFiles, directory: string): void {
  for (const name of files.list(directory)) files.remove(`${directory}/${name}`)
  files.removeDirectory(directory)
}

/** The newest journal in a folder whose snapshot is whole, read; and all there are. @throws of the file system, but EIO where that can be helped */
export function recoverJournal(
  files: LogFiles,
  directory: string,
  names: readonly string[],
  { damaged, kept }: Pick<TopicStoreSettings, 'damaged' | 'kept'>,
): { recovered: RecoveredTopic | null; journals: FoundJournals } {
  const numbers = journalNumbers(names)
  const damagedOnes = new Set<number>()
  const journals = { numbers, damaged: damagedOnes }
  for (const number of numbers.slice()) {
    const recovered = new RecoveredTopic()
    const path = journalPath(directory, number)
    try {
      readJournal(files, path, recovered, (_, offset, size) => {
        damagedOnes.add(number)
        damaged(path, offset, size)
      })
    } catch (error) {
      if (!isUnreadable(error)) throw error
      damaged(path, 0, 0)
      kept(path, setAside(files, path))
      numbers.splice(numbers.indexOf(number), 1)
      damagedOnes.add(number)
    }
    recovered.damaged = damagedOnes.size > 0
    if (recovered.whole) return { recovered, journals }
  }
  const others = names.filter((name) => nameBefore(name) === null).length - numbers.length
  if (damagedOnes.size === 0 && others > 0) damaged(journalPath(directory, numbers[0] ?? 0), 0, FILE_HEADER_SIZE)
  return { recovered: null, journals }
}

/** Channels that have files of their own, by the names of these: own.<channel>-<base>.log */
function ownChannels(names: readonly string[]): Set<string> {
  const channels = new Set<string>()
  for (const name of names) {
    if (name.startsWith(OWN_PREFIX) && nameBefore(name) === null)
      channels.add(name.slice(OWN_PREFIX.length, name.lastIndexOf('-')))
  }
  return channels
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at <= 0 ? '.' : path.slice(0, at)
}
