/**
 * Writes a new disk queue that the original starts from: the same files, byte for byte, that it would have written.
 *
 * Invariant: whatever moment a crash picks, no data file lies there without metadata (the original would overwrite it),
 * and all that was synced is found again. The metadata comes first, and is written anew at every roll, sync and close;
 * records behind its write position are found by the original, since it goes on in a new file and reads the old one out.
 */
import { join } from 'node:path'
import { DiskQueueError, requireInteger } from './errors.ts'
import { dataFileName, metadataFileName, requireQueueName, temporaryFileName } from './file-names.ts'
import { findQueue } from './list-queues.ts'
import type { QueueListing } from './list-queues.ts'
import { MESSAGE_HEADER_SIZE } from './message-record.ts'
import { removeIfThere, writeMetadata } from './metadata.ts'
import type { QueuePosition } from './metadata.ts'
import type { QueueFile, QueueFiles } from './queue-files.ts'
import { RECORD_SIZE_LIMIT, SIZE_FIELD_SIZE } from './record-layout.ts'
import { writeBlock } from './whole-blocks.ts'

// The defaults of the original's --max-bytes-per-file and --max-msg-size.
const FILE_SIZE_MAX_DEFAULT = 104_857_600
const MESSAGE_BODY_SIZE_MAX_DEFAULT = 1_048_576
const BLOCK_SIZE = 1024 * 1024

export interface WriterOptions {
  /**
   * A record that would take a file past this size goes into a new one; a larger record has a file of its own. Bytes,
   * the reading nsqd's --max-bytes-per-file. @default 104857600
   */
  readonly maxBytesPerFile?: number
  /** The smallest record taken, in bytes. @default 26, a message with an empty body */
  readonly recordSizeMin?: number
  /**
   * The largest record taken, in bytes: the reading nsqd's --max-msg-size + 26. The original gives up a whole file over
   * one larger record, so it is refused here. @default 1048602
   */
  readonly recordSizeMax?: number
}

/**
 * One call at a time. After IO_FAILED a writer is done for: every call throws that same error, `close` too, and what
 * remains is `discard`. (What a failed fsync left behind is unknown; trying again would hide it.)
 */
export class DiskQueueWriter {
  readonly #files: QueueFiles
  readonly #directory: string
  readonly #queue: string
  readonly #temporaryFiles: ReadonlySet<string>
  readonly #maxBytesPerFile: number
  readonly #recordSizeMin: number
  readonly #recordSizeMax: number
  /** What waits to be written at the end of the file; its records count in `#offset` and `#depth` already. */
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_SIZE)
  #blockSize = 0
  #file: QueueFile | undefined = undefined
  #fileNumber = 0
  #offset = 0
  #depth = 0
  #temporaryFile = ''
  #temporaryNumber = 0
  #isNewFileUnsynced = false
  #failure: DiskQueueError | undefined = undefined
  #busy = false
  #closed = false

  private constructor(files: QueueFiles, directory: string, listing: QueueListing, options: WriterOptions) {
    this.#files = files
    this.#directory = directory
    this.#queue = listing.name
    this.#temporaryFiles = new Set(listing.temporaryFiles)
    this.#maxBytesPerFile = requireInteger('maxBytesPerFile', options.maxBytesPerFile ?? FILE_SIZE_MAX_DEFAULT, 1)
    this.#recordSizeMin = requireInteger('recordSizeMin', options.recordSizeMin ?? MESSAGE_HEADER_SIZE, 0)
    this.#recordSizeMax = requireInteger(
      'recordSizeMax',
      options.recordSizeMax ?? MESSAGE_HEADER_SIZE + MESSAGE_BODY_SIZE_MAX_DEFAULT,
      this.#recordSizeMin,
      RECORD_SIZE_LIMIT,
    )
  }

  /**
   * Begins a queue, with the metadata of an empty one.
   * @param name `topic` or `topic:channel` (`queueName`)
   * @throws {DiskQueueError} QUEUE_EXISTS where the queue has metadata, data files or `.bad` files: nothing is ever
   *   overwritten. QUEUE_NAME_INVALID, OPTION_INVALID, IO_FAILED; nothing is left behind.
   */
  static async create(
    files: QueueFiles,
    directory: string,
    name: string,
    options: WriterOptions = {},
  ): Promise<DiskQueueWriter> {
    requireQueueName(name)
    const listing = await findQueue(files, directory, name)
    if (listing.metadataFile !== undefined || listing.dataFiles.length > 0 || listing.badFiles.length > 0) {
      throw new DiskQueueError('QUEUE_EXISTS', `${directory} has files of the queue ${name} already`)
    }
    const writer = new DiskQueueWriter(files, directory, listing, options)
    await writer.#begin()
    return writer
  }

  /** Messages written. */
  get depth(): number {
    return this.#depth
  }

  /** Where the next record goes, unless it opens a new file. */
  get position(): QueuePosition {
    return { fileNumber: this.#fileNumber, offset: this.#offset }
  }

  /**
   * Adds records, in order. They are copied, so their memory is free again when this resolves; they are safe with `sync`
   * or `close`.
   * @throws {DiskQueueError} RECORD_SIZE_INVALID, and none of them was taken. IO_FAILED, BUSY, CLOSED.
   */
  async write(records: readonly Uint8Array[]): Promise<void> {
    for (const record of records) this.#requireSize(record.length)
    await this.#exclusively(async () => {
      for (const record of records) {
        // Awaited only where something goes to disk: most records just join the block.
        if (this.#mustRollBefore(record.length)) await this.#roll()
        if (this.#fitsBlock(record.length)) this.#append(record)
        else await this.#appendThrough(record)
      }
    })
  }

  /** Returns when all records written so far survive a power cut. @throws {DiskQueueError} IO_FAILED, BUSY, CLOSED. */
  async sync(): Promise<void> {
    await this.#exclusively(() => this.#sync())
  }

  /**
   * Writes what is left, syncs, and closes: the queue is whole when this resolves. A second call does nothing.
   * @throws {DiskQueueError} IO_FAILED, also where an earlier call failed: the queue is then not whole.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    try {
      await this.#exclusively(async () => {
        await this.#sync()
        await this.#closeFile()
      })
    } finally {
      if (!this.#busy) await this.#release()
    }
  }

  /**
   * Closes, and removes every file that this writer made, for an export that cannot be finished. Works after a failure.
   * @throws {DiskQueueError} IO_FAILED where one cannot be removed, BUSY, CLOSED (a closed queue is somebody's data).
   */
  async discard(): Promise<void> {
    if (this.#closed) throw this.#closedError()
    if (this.#busy) throw this.#busyError()
    await this.#release()
    try {
      // The metadata last: a data file is never there without.
      for (let number = 0; number <= this.#fileNumber; number++) {
        await removeIfThere(this.#files, this.#path(dataFileName(this.#queue, number)))
      }
      await removeIfThere(this.#files, this.#path(metadataFileName(this.#queue)))
      await removeIfThere(this.#files, this.#path(this.#temporaryFile)) // there if even its removal failed
      await this.#files.syncDirectory(this.#directory)
    } catch (error) {
      throw DiskQueueError.from(error, `discard ${this.#queue}`)
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#writeMetadata()
    } catch (error) {
      // The directory may be what failed to sync, with the metadata in it already.
      await removeIfThere(this.#files, this.#path(metadataFileName(this.#queue))).catch(() => undefined)
      throw DiskQueueError.from(error, `create ${this.#queue}`)
    }
  }

  /** Spec: section 4, "Roll before writing". */
  #mustRollBefore(size: number): boolean {
    return this.#offset > 0 && this.#offset + SIZE_FIELD_SIZE + size > this.#maxBytesPerFile
  }

  async #roll(): Promise<void> {
    await this.#syncFile()
    await this.#closeFile()
    this.#fileNumber++
    this.#offset = 0
    await this.#writeMetadata()
  }

  async #sync(): Promise<void> {
    await this.#syncFile()
    await this.#writeMetadata()
  }

  /** The data first: the metadata never tells of records that are not there. */
  async #syncFile(): Promise<void> {
    await this.#flush()
    await this.#file?.sync()
    if (!this.#isNewFileUnsynced) return
    await this.#files.syncDirectory(this.#directory)
    this.#isNewFileUnsynced = false
  }

  async #writeMetadata(): Promise<void> {
    const metadata = { depth: this.#depth, read: { fileNumber: 0, offset: 0 }, write: this.position }
    this.#temporaryFile = this.#nextTemporaryFile()
    await writeMetadata(this.#files, this.#directory, this.#queue, metadata, this.#temporaryFile)
  }

  /** The original takes a random number; a counter does as well, past the leftovers of a crash. */
  #nextTemporaryFile(): string {
    for (;;) {
      const file = temporaryFileName(this.#queue, this.#temporaryNumber++)
      if (!this.#temporaryFiles.has(file)) return file
    }
  }

  #fitsBlock(size: number): boolean {
    return this.#blockSize + SIZE_FIELD_SIZE + size <= BLOCK_SIZE
  }

  #append(record: Uint8Array): void {
    this.#block.writeInt32BE(record.length, this.#blockSize)
    this.#block.set(record, this.#blockSize + SIZE_FIELD_SIZE)
    this.#blockSize += SIZE_FIELD_SIZE + record.length
    this.#advance(record)
  }

  /** For a record that has no room in what is left of the block: through an empty one, or, larger than that, by itself. */
  async #appendThrough(record: Uint8Array): Promise<void> {
    await this.#flush()
    if (this.#fitsBlock(record.length)) {
      this.#append(record)
      return
    }
    const whole = Buffer.allocUnsafeSlow(SIZE_FIELD_SIZE + record.length)
    whole.writeInt32BE(record.length, 0)
    whole.set(record, SIZE_FIELD_SIZE)
    await this.#writeOut(whole, this.#offset)
    this.#advance(record)
  }

  #advance(record: Uint8Array): void {
    this.#offset += SIZE_FIELD_SIZE + record.length
    this.#depth++
  }

  async #flush(): Promise<void> {
    if (this.#blockSize === 0) return
    await this.#writeOut(this.#block.subarray(0, this.#blockSize), this.#offset - this.#blockSize)
    this.#blockSize = 0
  }

  async #writeOut(bytes: Buffer, offset: number): Promise<void> {
    if (this.#file === undefined) {
      this.#file = await this.#files.open(this.#path(dataFileName(this.#queue, this.#fileNumber)), 'create')
      this.#isNewFileUnsynced = true
    }
    await writeBlock(this.#file, bytes, offset)
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  /** Closes the file whatever it says: either all is synced already, or the caller has the error that matters. */
  async #release(): Promise<void> {
    this.#closed = true
    await this.#closeFile().catch(() => undefined)
  }

  /** Runs `work` alone; a failure is kept, and is every later call's answer. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#closed) throw this.#closedError()
    if (this.#busy) throw this.#busyError()
    if (this.#failure !== undefined) throw this.#failure
    this.#busy = true
    try {
      await work()
    } catch (error) {
      this.#failure = DiskQueueError.from(error, `write ${this.#queue}`)
      throw this.#failure
    } finally {
      this.#busy = false
    }
  }

  #requireSize(size: number): void {
    if (size >= this.#recordSizeMin && size <= this.#recordSizeMax) return
    const bounds = `${this.#recordSizeMin}..${this.#recordSizeMax}`
    throw new DiskQueueError('RECORD_SIZE_INVALID', `a record of ${size} bytes is out of bounds (${bounds})`)
  }

  #path(file: string): string {
    return join(this.#directory, file)
  }

  #closedError(): DiskQueueError {
    return new DiskQueueError('CLOSED', `the writer of ${this.#queue} is closed`)
  }

  #busyError(): DiskQueueError {
    return new DiskQueueError('BUSY', `the writer of ${this.#queue} is still writing`)
  }
}
