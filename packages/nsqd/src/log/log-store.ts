import { isUnreadable, nameBefore, setAside } from './aside.ts'
import { DataFile, type Extent, FILE_HEADER_SIZE } from './data-file.ts'
import type { LogFiles } from './files.ts'
import { Salvager } from './readable.ts'
import type { Segment } from './segment.ts'
import { BatchLayout, takeOver } from './segment-batches.ts'
import { SuspectFileError, UnsyncedFiles } from './unsynced-files.ts'

/** What an append changed, to take it back. */
interface Undo {
  readonly segment: Segment
  readonly file: DataFile
  readonly fileSize: number
  readonly count: number
  readonly writtenCount: number
  readonly writtenEnd: number
  /** null: it had no extent before. */
  readonly extentSize: number | null
}

/** Two and a half times a segment: with small batches their headers may take more than the messages. */
const SEGMENT_SIZE_ON_DISK_MAX = 4 * 1024 * 1024

/** So often a segment is asked for as a whole: a disk may be away for a moment. */
const FAILED_READS_MAX = 25

/** So often a file is opened of which nothing can be read. */
const OPEN_ATTEMPTS = 2

export interface LogStoreSettings {
  readonly files: LogFiles
  readonly directory: string
  /** What the names of its files begin with. */
  readonly prefix: string
  readonly maxBytesPerFile: number
  /** Makes the folder, before the first file. */
  readonly prepare: () => void
  /** A stretch of a file is not what was written: it is skipped. */
  readonly damaged: (path: string, offset: number, size: number) => void
  /** A file that is damaged is kept under another name, and not looked at again. */
  readonly kept: (path: string, aside: string) => void
}

/**
 * The files of one log: a series, each begun when the one before has reached its size, each removed as a whole when none
 * of its segments is needed any more. A segment never lies in two files.
 */
export class LogStore {
  readonly #settings: LogStoreSettings
  readonly #dataFiles: DataFile[] = []
  /** Files of which nothing is needed; removed once that is written down (removeCondemned). */
  #condemned: DataFile[] = []
  #active: DataFile | null = null
  /** The number in the name of the file that was made last. */
  #lastName = -1
  readonly #layout = new BatchLayout()
  #undo: Undo[] = []
  readonly #unsynced: UnsyncedFiles

  constructor(settings: LogStoreSettings) {
    this.#settings = settings
    this.#unsynced = new UnsyncedFiles(settings.files, settings.directory)
  }

  /** Bytes in all files. */
  get size(): number {
    let size = 0
    for (const file of this.#dataFiles) size += file.size
    return size
  }

  // ---- writing ----

  /** What was appended so far stays; what is from now on can be taken back together. */
  endCommit(): void {
    this.#undo.length = 0
  }

  /** Takes back what was appended since endCommit; the next append overwrites it. */
  rollback(): void {
    for (const undo of this.#undo.toReversed()) {
      const { segment, file } = undo
      file.shrink(undo.fileSize)
      file.messageCount -= undo.count
      segment.writtenCount = undo.writtenCount
      segment.writtenEnd = undo.writtenEnd
      if (undo.extentSize === null) {
        segment.extent = null
        file.segments.pop()
        file.live--
      } else {
        segment.extent!.size = undo.extentSize
        segment.extent!.count = undo.writtenCount
      }
      this.#condemnIfDone(file)
    }
    this.#undo.length = 0
  }

  /**
   * Writes what of a segment is not written yet, as one batch.
   * @throws of the file system; then nothing of it counts as written
   */
  append(segment: Segment): void {
    const count = segment.count - segment.writtenCount
    if (count === 0) return
    if (segment.extent?.file.suspect === true) throw new SuspectFileError(segment.extent.file.path)
    const size = this.#layout.layOut(segment)
    const file = segment.extent?.file ?? this.#fileFor(segment)
    const offset = file.size
    file.append(this.#layout.bytes, size)
    this.#layout.done()
    this.#noteWritten(segment, file, offset, size, count)
  }

  #noteWritten(segment: Segment, file: DataFile, offset: number, size: number, count: number): void {
    this.#undo.push({
      segment,
      file,
      fileSize: offset,
      count,
      writtenCount: segment.writtenCount,
      writtenEnd: segment.writtenEnd,
      extentSize: segment.extent?.size ?? null,
    })
    file.messageCount += count
    if (segment.extent === null) {
      segment.extent = { file, base: segment.base, count, offset, size }
      file.segments.push(segment.extent)
      file.live++
    } else {
      segment.extent.count = segment.count
      segment.extent.size = offset + size - segment.extent.offset
    }
    this.#unsynced.add(file)
    segment.writtenCount = segment.count
    segment.writtenEnd = segment.end
  }

  /** The file that a new segment goes into. */
  #fileFor(segment: Segment): DataFile {
    const active = this.#active
    if (active !== null && !active.suspect && active.size < this.#settings.maxBytesPerFile) return active
    if (active !== null) this.#finish(active)
    const { directory, files, prefix } = this.#settings
    this.#settings.prepare()
    // Positions that were taken back come again, names do not.
    this.#lastName = Math.max(segment.base, this.#lastName + 1)
    const path = `${directory}/${prefix}-${String(this.#lastName).padStart(16, '0')}.log`
    this.#makeWay(path)
    const file = new DataFile(files, path, segment.base)
    try {
      file.create()
    } catch (error) {
      if (files.list(directory).includes(nameOf(path))) this.#condemned.push(file)
      throw error
    }
    this.#dataFiles.push(file)
    this.#active = file
    this.#unsynced.noteMade()
    return file
  }

  /**
   * A file of that name can only be one that holds nothing any more: it belonged to a channel of the same name that was
   * deleted, or nothing was left of it at the start.
   */
  #makeWay(path: string): void {
    const { directory, files } = this.#settings
    if (files.list(directory).includes(nameOf(path))) files.remove(path)
    for (const file of this.#condemned) if (file.path === path) file.closeHandle()
    this.#condemned = this.#condemned.filter((file) => file.path !== path)
  }

  /** No more goes into the file. Should its index fail to be written, the next start goes through the file instead. */
  #finish(file: DataFile): void {
    this.#active = null
    try {
      if (!file.suspect && file.live > 0) {
        file.finish()
        this.#unsynced.add(file)
      }
    } catch {
      // goes without
    }
    file.finished = true
    this.#unsynced.rest(file)
    this.#condemnIfDone(file)
  }

  // ---- stable storage ----

  /** Something was written that a sync would make durable. */
  get unsynced(): boolean {
    return this.#unsynced.any
  }

  /** Brings what was written so far to stable storage, off the thread. */
  syncLater(done: (error: Error | null) => void): void {
    this.#unsynced.syncLater(done)
  }

  /** As syncLater, at once. @throws of the file system */
  sync(): void {
    this.#unsynced.sync()
  }

  /** As sync, also what an earlier run may have left unsynced. @throws of the file system */
  syncAll(): void {
    this.#unsynced.syncAll(this.#dataFiles)
  }

  // ---- reading ----

  /**
   * Reads a segment back into memory. A failure leaves it as it was; where the disk has refused often enough, what it can
   * read of it is taken, and the rest is missing.
   */
  load(segment: Segment, done: (error: Error | null) => void): void {
    const extent = segment.extent!
    const { file, offset, size } = extent
    const bytes = Buffer.allocUnsafeSlow(size)
    const fail = (error: Error): void => {
      if (!isUnreadable(error) || ++segment.failedReads < FAILED_READS_MAX || segment.extent !== extent)
        return done(error)
      try {
        this.loadNow(segment)
      } catch {
        return done(error) // nothing of it: the disk may be back later
      }
      done(null)
    }
    const more = (at: number): void => {
      try {
        file.handle().readLater(bytes.subarray(at), offset + at, (error, got) => {
          if (error !== null) return fail(error)
          if (segment.extent !== extent) return fail(new Error('nobody needs it any more'))
          if (got > 0 && at + got < size) return more(at + got)
          this.#restore(segment, bytes, at + got)
          done(null)
        })
      } catch (error) {
        fail(error as Error)
      }
    }
    more(0)
  }

  /** As load, at once; what the disk cannot read of it is missing then. @throws of the file system */
  loadNow(segment: Segment): void {
    const { file, offset, size } = segment.extent!
    const bytes = Buffer.allocUnsafeSlow(size)
    const salvager = new Salvager(file.handle())
    const end = salvager.read(bytes, offset)
    if (salvager.readable === 0 && salvager.unreadable > 0) throw unreadable(file.path)
    this.#restore(segment, bytes, end)
  }

  /** Makes a segment of the batches in bytes[0, end). Messages that are missing leave an empty place. */
  #restore(segment: Segment, bytes: Buffer, end: number): void {
    const { file, offset } = segment.extent!
    takeOver(segment, bytes, end, (from, to) => {
      file.damaged = true
      this.#settings.damaged(file.path, offset + from, to - from)
    })
  }

  // ---- letting go ----

  /** A segment is not needed any more. */
  release(segment: Segment): void {
    const file = segment.extent?.file
    if (file === undefined) return
    segment.extent = null
    file.live--
    this.#condemnIfDone(file)
  }

  /** Files wait to be removed. */
  get hasCondemned(): boolean {
    return this.#condemned.length > 0
  }

  /** Removes the files that nothing is needed of. The caller has seen to it that this is known after a crash. */
  removeCondemned(): void {
    for (let file = this.#condemned[0]; file !== undefined; file = this.#condemned[0]) {
      this.#unsynced.delete(file)
      file.closeHandle()
      this.#remove(file)
      this.#condemned.shift()
    }
  }

  /** Nothing is needed of a file; where it is damaged, somebody may yet make something of it. */
  #remove(file: DataFile): void {
    if (file.damaged) this.#setAside(file)
    else this.#settings.files.remove(file.path)
  }

  #setAside({ path }: DataFile): void {
    this.#settings.kept(path, setAside(this.#settings.files, path))
  }

  /** Nothing is needed any more: the file that is written to goes as well. */
  retire(): void {
    const active = this.#active
    if (active === null || active.live > 0) return
    this.#active = null
    this.#condemnIfDone(active)
  }

  #condemnIfDone(file: DataFile): void {
    const at = this.#dataFiles.indexOf(file)
    if (file.live > 0 || file === this.#active || at < 0) return
    this.#dataFiles.splice(at, 1)
    this.#unsynced.delete(file)
    this.#condemned.push(file)
  }

  // ---- start and stop ----

  /** Finds the files of an earlier run, and the segments in them, in the order of their writing. @throws of the file system, or FileFormatError */
  open(names: readonly string[]): Extent[] {
    const { damaged, directory, prefix } = this.#settings
    const found: Extent[] = []
    for (const name of [...names].sort()) {
      const base = basePosition(nameBefore(name) ?? name, prefix)
      if (base === null) continue
      this.#lastName = Math.max(this.#lastName, base) // a name that is kept is not given again
      if (nameBefore(name) !== null) continue
      const file = this.#openFile(`${directory}/${name}`, base, damaged)
      if (file === null) continue
      file.finished = true
      this.#dataFiles.push(file)
      found.push(...file.segments)
    }
    return found
  }

  /** null for a file in which there is nothing: it was made and not written to before a crash, or nothing of it can be read. */
  #openFile(path: string, base: number, damaged: LogStoreSettings['damaged']): DataFile | null {
    for (let attempt = 1; ; attempt++) {
      const file = new DataFile(this.#settings.files, path, base)
      try {
        if (this.#isBlank(path)) return null
        file.open(SEGMENT_SIZE_ON_DISK_MAX, (offset, length) => damaged(path, offset, length))
        file.closeHandle()
        if (file.segments.length > 0) return file
        this.#remove(file)
        return null
      } catch (error) {
        file.closeHandle()
        if (!isUnreadable(error)) throw error
        if (attempt < OPEN_ATTEMPTS) continue
        damaged(path, 0, file.size)
        this.#setAside(file)
        return null
      }
    }
  }

  /** It was made and not written to: then it is gone. */
  #isBlank(path: string): boolean {
    const handle = this.#settings.files.open(path, 'read')
    try {
      if (handle.size() >= FILE_HEADER_SIZE) return false
    } finally {
      handle.close()
    }
    this.#settings.files.remove(path)
    return true
  }

  /** After open, and after the segments that are needed took their extents: files of which nothing is needed go. */
  condemnUnused(): void {
    for (const file of this.#dataFiles.filter(({ live }) => live === 0)) this.#condemnIfDone(file)
  }

  /** Finishes the file that is being written, syncs, and closes all. @throws of the file system */
  close(): void {
    if (this.#active !== null) this.#finish(this.#active)
    try {
      this.sync()
    } finally {
      this.closeHandles()
    }
  }

  /** Lets go of all files as they are. */
  closeHandles(): void {
    for (const file of [...this.#dataFiles, ...this.#condemned]) file.closeHandle()
  }
}

function unreadable(path: string): Error {
  return Object.assign(new Error(`EIO: ${path} cannot be read`), { code: 'EIO' })
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** `<prefix>-<16 digits>.log` */
function basePosition(name: string, prefix: string): number | null {
  const digits = name.slice(prefix.length + 1, -'.log'.length)
  return name === `${prefix}-${digits}.log` && /^\d{16}$/.test(digits) ? Number(digits) : null
}
