import type { ChannelJournal, JournalKeeper } from '../core/channel-journal.ts'
import type { Extent } from './data-file.ts'
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
  readonly #requestFlush: () => void
  /** Channels with a run that is not in the journal yet. */
  readonly #runs = new Set<ChannelJournal>()
  #durability: Durability
  #prepared = false
  #flushRequested = false
  /** Messages were copied to a channel's own log since all that was last synced. */
  #moved = false

  /**
   * @param lastJournal number of the last journal in the folder, 0 for none
   * @param snapshot writes all that is true now as records
   * @param requestFlush asks for `flush` to be called soon
   */
  constructor(
    settings: TopicStoreSettings,
    directory: string,
    durability: Durability,
    lastJournal: number,
    snapshot: (writer: RecordWriter) => void,
    requestFlush: () => void,
  ) {
    this.#settings = settings
    this.directory = directory
    this.#durability = durability
    this.#requestFlush = requestFlush
    this.journal = new Journal(settings.files, directory, lastJournal, (writer) => {
      for (const run of this.#runs) run.forgetRun()
      this.#runs.clear()
      snapshot(writer)
    })
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

  wallOffsetMs(): number {
    return this.#settings.wallOffsetMs()
  }

  // ---- the journal ----

  recorded(run: ChannelJournal): void {
    this.#runs.add(run)
    this.requestFlush()
  }

  requestFlush(): void {
    if (this.#flushRequested) return
    this.#flushRequested = true
    this.#requestFlush()
  }

  /** Copies were made that the journal is told of: they have to be safe before what they were copied from may go. */
  noteMoved(): void {
    this.#moved = true
  }

  /** Sees to it that the journal is written from now on. @throws of the file system */
  beginJournal(): void {
    if (this.journal.begun) return
    this.prepare()
    this.journal.begin()
  }

  /**
   * Writes what is to be recorded, then removes the files that are not needed any more: a file goes only when that what
   * was in it is done with cannot be forgotten.
   * @throws of the file system; what was not written is kept, and written the next time
   */
  flush(): void {
    this.#flushRequested = false
    if (!this.journal.begun) return
    for (const run of this.#runs) run.writeRun()
    this.#runs.clear()
    this.journal.flush()
    const stores = this.#stores().filter((store) => store.hasCondemned)
    if (stores.length === 0) return
    if (this.#moved) {
      for (const storage of this.#own.values()) storage.store.sync()
      this.journal.sync()
      this.#moved = false
    }
    for (const store of stores) store.removeCondemned()
  }

  // ---- stable storage ----

  get unsynced(): boolean {
    return this.messages.store.unsynced || this.scheduled.store.unsynced
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

  /** Brings all logs to stable storage, at once. @throws of the file system */
  sync(): void {
    for (const store of this.#stores()) store.sync()
  }

  /** Bytes on disk. */
  get size(): number {
    return this.#stores().reduce((size, store) => size + store.size, this.journal.size)
  }

  // ---- start and stop ----

  /** Makes the folder. @throws of the file system */
  prepare(): void {
    if (this.#prepared) return
    const { files } = this.#settings
    files.makeDirectory(this.directory)
    files.syncDirectory(parentOf(this.directory))
    this.#prepared = true
  }

  /**
   * Finds what an earlier run left in the folder.
   * @param names of the files in it
   */
  open(names: readonly string[]): { messages: Extent[]; scheduled: Extent[]; own: Map<string, Extent[]> } {
    this.#prepared = true
    const own = new Map<string, Extent[]>()
    for (const channel of ownChannels(names)) own.set(channel, this.ownLog(channel).store.open(names))
    return { messages: this.messages.store.open(names), scheduled: this.scheduled.store.open(names), own }
  }

  /** After open: files of which nothing is needed go with the next flush. */
  condemnUnused(): void {
    for (const store of this.#stores()) store.condemnUnused()
    this.requestFlush()
  }

  /** A last snapshot, and all of it synced. @throws of the file system */
  close(): void {
    try {
      if (this.#prepared) this.journal.begin()
      for (const store of this.#stores()) store.close()
    } finally {
      this.journal.close()
    }
  }

  /** Removes everything. Renamed first, so that what a crash leaves is not taken for a topic. @throws of the file system */
  destroy(): void {
    for (const store of this.#stores()) for (const file of store.dataFiles) file.closeHandle()
    this.journal.close()
    if (!this.#prepared) return
    const { files } = this.#settings
    const doomed = `${this.directory}${DELETED_SUFFIX}`
    if (files.list(doomed).length > 0) removeFolder(files, doomed)
    files.rename(this.directory, doomed)
    files.syncDirectory(parentOf(this.directory))
    removeFolder(files, doomed)
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

/** The newest journal in a folder whose snapshot is whole, read; and the numbers of all there are, the newest first. */
export function recoverJournal(
  files: LogFiles,
  directory: string,
  names: readonly string[],
  damaged: (path: string, offset: number, size: number) => void,
): { recovered: RecoveredTopic | null; numbers: number[] } {
  const numbers = journalNumbers(names)
  for (const number of numbers) {
    const recovered = new RecoveredTopic()
    readJournal(files, journalPath(directory, number), recovered, damaged)
    if (recovered.whole) return { recovered, numbers }
  }
  return { recovered: null, numbers }
}

/** Channels that have files of their own, by the names of these: own.<channel>-<base>.log */
function ownChannels(names: readonly string[]): Set<string> {
  const channels = new Set<string>()
  for (const name of names) {
    if (name.startsWith(OWN_PREFIX)) channels.add(name.slice(OWN_PREFIX.length, name.lastIndexOf('-')))
  }
  return channels
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at <= 0 ? '.' : path.slice(0, at)
}
