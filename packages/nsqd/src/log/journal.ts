import { BATCH_HEADER_SIZE, BatchKind, batches, claimedSize, sealBatch } from './batch.ts'
import { checkFileHeader, FILE_HEADER_SIZE, fileHeader, removeQuietly } from './data-file.ts'
import { setAside } from './aside.ts'
import { type LogFile, type LogFiles, writeWhole } from './files.ts'
import { Salvager } from './readable.ts'
import { readRecords, RecordWriter, type RecordVisitor } from './journal-records.ts'

const PREFIX = 'journal-'
/** A journal is begun anew, with a snapshot of what is true, once it has this size and twice that of its snapshot. */
const SIZE_MIN = 8 * 1024 * 1024

/**
 * The journal of a topic: what became of its messages, written down in the order in which it happened, without anybody
 * waiting for it. A file begins with a snapshot of all channels; what follows are changes.
 *
 *   journal-00000007.log   [ header ][ batch: snapshot ... snapshotEnd ][ batch: records ][ batch: records ] ...
 *
 * A file whose snapshot is not whole does not count; the one before it is removed only after that.
 */
export class Journal {
  readonly records = new RecordWriter(BATCH_HEADER_SIZE)
  readonly #files: LogFiles
  readonly #directory: string
  readonly #snapshot: (writer: RecordWriter) => void
  #file: LogFile | null = null
  #path = ''
  #number: number
  #size = 0
  #snapshotSize = 0
  /** What was written may be torn, or not the last word: nothing is added behind it. */
  #broken = false
  /** Something was written since the last sync. */
  #unsynced = false
  /** Journals of earlier runs, which count until a new one was begun. */
  #old: string[]
  /** Those that could be neither written nor removed. */
  #failed: string[] = []
  /** Of the old ones: they are kept, for whoever can make something of them. */
  readonly #damaged: ReadonlySet<string>

  /**
   * @param numbers of the journals there are, the newest first
   * @param damaged those of them that are
   * @param snapshot writes records of all that is true now
   */
  constructor(
    files: LogFiles,
    directory: string,
    numbers: readonly number[],
    damaged: ReadonlySet<number>,
    snapshot: (writer: RecordWriter) => void,
  ) {
    this.#files = files
    this.#directory = directory
    this.#number = numbers[0] ?? 0
    this.#old = numbers.map((number) => journalPath(directory, number))
    this.#damaged = new Set(Array.from(damaged, (number) => journalPath(directory, number)))
    this.#snapshot = snapshot
  }

  /** It was begun: from now on changes are to be recorded. Before, they are part of the snapshot to come. */
  get begun(): boolean {
    return this.#file !== null
  }

  get size(): number {
    return this.#size
  }

  /** Writes the records there are; begins a new file where the old one has grown, or failed. @throws of the file system */
  flush(): void {
    if (this.#file === null || this.#broken || this.#size > Math.max(SIZE_MIN, 2 * this.#snapshotSize)) {
      return this.begin()
    }
    if (this.untidy) this.#removeOld()
    if (this.records.empty) return
    const end = this.records.end
    sealBatch(this.records.bytes, 0, end, BatchKind.journal, 0, 0)
    try {
      writeWhole(this.#file, this.records.bytes, 0, end, this.#size)
    } catch (error) {
      this.#broken = true // a part may have been written; the next flush begins a file with all that is true then
      this.records.clear()
      throw error
    }
    this.#size += end
    this.#unsynced = true
    this.records.clear()
  }

  /** Begins a file with a snapshot, and removes the one before. @throws of the file system; then the old one stays */
  begin(): void {
    const writer = new RecordWriter(FILE_HEADER_SIZE + BATCH_HEADER_SIZE)
    this.#snapshot(writer)
    writer.snapshotEnd()
    const { bytes, end } = writer
    fileHeader().copy(bytes, 0)
    sealBatch(bytes, FILE_HEADER_SIZE, end, BatchKind.journal, 0, 0)
    const number = this.#number + 1
    const path = journalPath(this.#directory, number)
    this.#number = number // also when it fails: the name may be taken now
    this.#broken = true // a new file may be there, and be read instead, even if it fails in the end
    this.records.clear()
    const file = this.#files.open(path, 'create')
    try {
      writeWhole(file, bytes, 0, end, 0)
      file.sync()
      this.#files.syncDirectory(this.#directory)
    } catch (error) {
      file.close()
      if (!removeQuietly(this.#files, path)) this.#failed.push(path)
      throw error
    }
    if (this.#file !== null) this.#old.push(this.#path)
    this.#file?.close()
    this.#file = file
    this.#path = path
    this.#size = this.#snapshotSize = end
    this.#broken = this.#unsynced = false
    this.#removeOld()
  }

  /** Those that can't be removed now do no harm, for the newest counts, and are tried again with the next one. */
  #removeOld(): void {
    this.#old = [...this.#old, ...this.#failed].filter((path) => !this.#remove(path))
    this.#failed = []
  }

  #remove(path: string): boolean {
    if (!this.#damaged.has(path)) return removeQuietly(this.#files, path)
    try {
      setAside(this.#files, path)
      return true
    } catch {
      return false
    }
  }

  /** Journals that do not count any more could not be removed yet. */
  get untidy(): boolean {
    return this.#old.length > 0 || this.#failed.length > 0
  }

  get unsynced(): boolean {
    return this.#unsynced
  }

  /** What a failed sync leaves behind nobody knows: a new file is begun then. @throws of the file system */
  sync(): void {
    if (!this.#unsynced || this.#file === null) return
    try {
      this.#file.sync()
    } catch (error) {
      this.#broken = true
      throw error
    }
    this.#unsynced = false
  }

  /** As sync, off the thread. */
  syncLater(done: (error: Error | null) => void): void {
    const file = this.#file
    if (!this.#unsynced || file === null) return done(null)
    this.#unsynced = false
    file.syncLater((error) => {
      if (error !== null && file === this.#file) this.#broken = true
      done(error)
    })
  }

  close(): void {
    this.#file?.close()
    this.#file = null
  }
}

/** The journals in a folder, the newest first: their numbers. */
export function journalNumbers(names: readonly string[]): number[] {
  const numbers = names.filter((name) => /^journal-\d{8,}\.log$/.test(name)).map((name) => Number(name.slice(8, -4)))
  return numbers.sort((a, b) => b - a)
}

export function journalPath(directory: string, number: number): string {
  return `${directory}/${PREFIX}${String(number).padStart(8, '0')}.log`
}

/**
 * Reads a journal. A damaged batch costs what it said: what it finished comes again, what it deferred is due at once.
 * One that ends within its snapshot was being begun when the process died: that is no damage, and it is none.
 * What counts is told by `snapshotEnd`: without that, the snapshot is not whole, and the journal is none.
 * @throws of the file system: where nothing of it can be read, EIO
 */
export function readJournal(
  files: LogFiles,
  path: string,
  visitor: RecordVisitor,
  damaged: (path: string, offset: number, size: number) => void,
): void {
  const file = files.open(path, 'read')
  try {
    const bytes = Buffer.allocUnsafeSlow(file.size())
    const salvager = new Salvager(file)
    const end = salvager.read(bytes, 0)
    if (salvager.readable === 0 && salvager.unreadable > 0)
      throw Object.assign(new Error(`EIO: ${path} cannot be read`), { code: 'EIO' })
    if (isCutShort(bytes, end)) return
    if (!checkFileHeader(bytes.subarray(0, Math.min(end, FILE_HEADER_SIZE)), path)) damaged(path, 0, FILE_HEADER_SIZE)
    for (const batch of batches(bytes, FILE_HEADER_SIZE, end, (from, to) => damaged(path, from, to - from))) {
      readRecords(bytes, batch.start, batch.end, visitor)
    }
  } finally {
    file.close()
  }
}

function isCutShort(bytes: Buffer, end: number): boolean {
  return (
    end < FILE_HEADER_SIZE + BATCH_HEADER_SIZE || claimedSize(bytes, FILE_HEADER_SIZE, end) > end - FILE_HEADER_SIZE
  )
}
