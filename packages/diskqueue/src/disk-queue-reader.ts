/**
 * Reads what a disk queue still holds, from the read position on, and changes nothing on disk.
 *
 * It takes a queue as a crash left it. Where the metadata and the files disagree it believes the files: a message may
 * come that was consumed before, but none is left out that can be read. What could not be read is in the report.
 */
import { join } from 'node:path'
import { DiskQueueError, requireInteger, systemCode } from './errors.ts'
import type { QueueListing } from './list-queues.ts'
import { parseFileName } from './file-names.ts'
import { MESSAGE_HEADER_SIZE } from './message-record.ts'
import { parseMetadata, readMetadataText } from './metadata.ts'
import type { QueueMetadata, QueuePosition } from './metadata.ts'
import type { QueueFile, QueueFiles } from './queue-files.ts'
import { RecordFile } from './record-file.ts'
import { RECORD_SIZE_LIMIT, SIZE_FIELD_SIZE } from './record-layout.ts'
import type { RecordBounds, RecordDamage } from './record-layout.ts'
import { finding, planReading } from './read-plan.ts'
import type { ReadPlan, ReadStep } from './read-plan.ts'
import type { Finding, FindingCode, ReadReport } from './read-report.ts'

// Large enough that the calls cost little beside the copying, small enough that many readers can run.
const BATCH_SIZE_DEFAULT = 1024 * 1024
// Behind a failed read: of the records before a bad block at most those of its page are lost with it.
const NARROW_BATCH_SIZE = 4096

export interface ReaderOptions {
  /** Bytes of a batch, unless one record is larger. @default 1 MiB */
  readonly batchSize?: number
  /** The smallest record, in bytes. @default 26, a message with an empty body */
  readonly recordSizeMin?: number
  /**
   * The largest record, in bytes. By default only the end of the file bounds it. The original takes its
   * `--max-msg-size` + 26, and gives up a whole file when that was lowered since.
   * @default 2147483647
   */
  readonly recordSizeMax?: number
  /**
   * False: a read that fails (EIO) throws, and may be tried again. True: the rest of that file is skipped and reported,
   * for a disk with a bad block. Other failures (EMFILE, EACCES) always throw.
   * @default false
   */
  readonly skipUnreadable?: boolean
}

export class DiskQueueReader {
  readonly #files: QueueFiles
  readonly #directory: string
  readonly #queue: string
  readonly #metadata: QueueMetadata | undefined
  readonly #steps: readonly ReadStep[]
  readonly #findings: Finding[]
  readonly #bounds: RecordBounds
  readonly #batchSize: number
  readonly #skipUnreadable: boolean
  #stepIndex = 0
  #current: OpenStep | undefined = undefined
  #recordsRead = 0
  #bytesRead = 0
  #recordsBehindMetadata = 0
  #bytesSkipped = 0
  #busy = false
  #closed = false

  private constructor(
    files: QueueFiles,
    directory: string,
    queue: string,
    metadata: QueueMetadata | undefined,
    plan: ReadPlan,
    options: ReaderOptions,
  ) {
    this.#files = files
    this.#directory = directory
    this.#queue = queue
    this.#metadata = metadata
    this.#steps = plan.steps
    this.#findings = [...plan.findings]
    this.#batchSize = requireInteger('batchSize', options.batchSize ?? BATCH_SIZE_DEFAULT, 1)
    const recordSizeMin = requireInteger('recordSizeMin', options.recordSizeMin ?? MESSAGE_HEADER_SIZE, 0)
    const recordSizeMax = requireInteger(
      'recordSizeMax',
      options.recordSizeMax ?? RECORD_SIZE_LIMIT,
      recordSizeMin,
      RECORD_SIZE_LIMIT,
    )
    this.#bounds = { recordSizeMin, recordSizeMax }
    this.#skipUnreadable = options.skipUnreadable ?? false
  }

  /**
   * Reads the metadata; data files are opened as their turn comes. Nothing may write to the queue meanwhile.
   * @param queue as `listQueues` found it in `directory`
   * @throws {DiskQueueError} IO_FAILED where the metadata cannot be read, OPTION_INVALID.
   */
  static async open(
    files: QueueFiles,
    directory: string,
    queue: QueueListing,
    options: ReaderOptions = {},
  ): Promise<DiskQueueReader> {
    const metadata = await loadMetadata(files, directory, queue)
    const plan = planReading(queue, metadata)
    return new DiskQueueReader(files, directory, queue.name, metadata ?? undefined, plan, options)
  }

  /**
   * Reads one data file whole, whatever the metadata says: to see into a `.bad` file, or one already consumed.
   * @param file its name in `directory`
   * @throws {DiskQueueError} QUEUE_NAME_INVALID for a name that is no data file's, OPTION_INVALID.
   */
  static openFile(files: QueueFiles, directory: string, file: string, options: ReaderOptions = {}): DiskQueueReader {
    const parsed = parseFileName(file)
    if (parsed?.kind !== 'data' && parsed?.kind !== 'bad') {
      throw new DiskQueueError('QUEUE_NAME_INVALID', `${JSON.stringify(file)} is not the name of a data file`)
    }
    const steps = [{ number: parsed.number, file, offset: 0, knownSize: undefined }]
    return new DiskQueueReader(files, directory, parsed.queue, undefined, { steps, findings: [] }, options)
  }

  /** What has been read and found so far; final once `next` has answered undefined. */
  get report(): ReadReport {
    return {
      queue: this.#queue,
      metadata: this.#metadata,
      depthByMetadata: this.#metadata?.depth,
      recordsRead: this.#recordsRead,
      bytesRead: this.#bytesRead,
      recordsBehindMetadata: this.#recordsBehindMetadata,
      bytesSkipped: this.#bytesSkipped,
      findings: [...this.#findings],
    }
  }

  /** Where the next batch begins; undefined before the first and at the end. */
  get position(): QueuePosition | undefined {
    if (this.#current === undefined) return undefined
    return { fileNumber: this.#current.step.number, offset: this.#current.records.offset }
  }

  /**
   * The next records, in order, at least one; undefined when there are no more. They share one block of memory, which
   * is the caller's from now on: copy those that are kept long after the others.
   * @throws {DiskQueueError} IO_FAILED where the file layer fails; nothing is skipped, and the call may be repeated.
   *   BUSY, CLOSED.
   */
  async next(): Promise<Buffer[] | undefined> {
    if (this.#closed) throw new DiskQueueError('CLOSED', `the reader of ${this.#queue} is closed`)
    if (this.#busy) throw new DiskQueueError('BUSY', `the reader of ${this.#queue} is still reading`)
    this.#busy = true
    try {
      return await this.#nextBatch()
    } catch (error) {
      throw DiskQueueError.from(error, `read ${this.#queue}`)
    } finally {
      this.#busy = false
    }
  }

  /** All batches, as `next` gives them; the reader is closed behind the last, and when the loop is left or fails. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer[], void, undefined> {
    try {
      for (;;) {
        const batch = await this.next()
        if (batch === undefined) return
        yield batch
      }
    } finally {
      await this.close()
    }
  }

  /** Idempotent. Not to be called while `next` is under way: that throws BUSY. */
  async close(): Promise<void> {
    if (this.#busy) throw new DiskQueueError('BUSY', `the reader of ${this.#queue} is still reading`)
    this.#closed = true
    await this.#leaveFile()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #nextBatch(): Promise<Buffer[] | undefined> {
    for (;;) {
      const step = this.#steps[this.#stepIndex]
      if (step === undefined) return undefined
      this.#current ??= await this.#enterFile(step)
      const batch = this.#current === undefined ? undefined : await this.#readFile(this.#current)
      if (batch !== undefined) return batch
      this.#stepIndex++ // first: should closing fail, the next call goes on behind this file
      await this.#leaveFile()
    }
  }

  /** The next batch of one file; undefined at its end, with what was wrong there noted. */
  async #readFile(current: OpenStep): Promise<Buffer[] | undefined> {
    const { step, records } = current
    const start = records.offset
    let code: FindingCode | undefined
    try {
      const batch = await records.next()
      if (batch !== undefined) {
        this.#count(step, start, records.offset, batch)
        return batch
      }
      if (await this.#isReadPositionInvalid(current)) return await this.#rereadFile(current)
      code = records.damage === undefined ? undefined : CODE_OF_DAMAGE[records.damage]
    } catch (error) {
      if (!this.#maySkip(error)) throw error
      if (records.narrow(NARROW_BATCH_SIZE)) return this.#readFile(current)
      code = 'READ_FAILED'
    }
    if (code !== undefined) this.#skip(code, step.file, records.offset, records.end)
    this.#noteShortness(step, records.end)
    return undefined
  }

  /** Undefined: it cannot be read, and that is noted. */
  async #enterFile(step: ReadStep): Promise<OpenStep | undefined> {
    try {
      return await this.#openFile(step)
    } catch (error) {
      if (!this.#maySkip(error)) throw error
      this.#skip('READ_FAILED', step.file, 0, 0) // its size is not known
      return undefined
    }
  }

  async #openFile(step: ReadStep): Promise<OpenStep> {
    const file = await this.#files.open(join(this.#directory, step.file), 'read')
    try {
      const size = await file.size()
      const beyond = step.offset > size
      if (beyond) this.#findings.push(finding('READ_POSITION_INVALID', step.file, step.offset))
      const start = beyond ? 0 : step.offset
      return { step, file, start, records: this.#walk(file, start, size) }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  #maySkip(error: unknown): boolean {
    return this.#skipUnreadable && systemCode(error) === 'EIO'
  }

  #walk(file: QueueFile, start: number, end: number): RecordFile {
    return new RecordFile(file, start, end, this.#bounds, this.#batchSize)
  }

  /**
   * The read position is doubted only if nothing could be read there. It is right after all, and the record broken, where
   * the records before it end exactly at it.
   */
  async #isReadPositionInvalid({ file, start, records }: OpenStep): Promise<boolean> {
    if (start === 0 || records.offset !== start || records.damage === undefined) return false
    const before = this.#walk(file, 0, start)
    let batch = await before.next()
    while (batch !== undefined) batch = await before.next()
    return before.damage === 'truncated'
  }

  #rereadFile(current: OpenStep): Promise<Buffer[] | undefined> {
    const { step, file, start, records } = current
    this.#findings.push(finding('READ_POSITION_INVALID', step.file, start))
    this.#current = { step, file, start: 0, records: this.#walk(file, 0, records.end) }
    return this.#readFile(this.#current)
  }

  /** Forgotten before it is closed, so that a failing close does not leave us with a closed file. */
  async #leaveFile(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    await current?.file.close()
  }

  #count({ knownSize }: ReadStep, start: number, end: number, batch: readonly Buffer[]): void {
    this.#recordsRead += batch.length
    this.#bytesRead += end - start
    if (knownSize === undefined || end <= knownSize) return
    let offset = start
    for (const record of batch) {
      if (offset >= knownSize) this.#recordsBehindMetadata++
      offset += SIZE_FIELD_SIZE + record.length
    }
  }

  #skip(code: FindingCode, file: string, offset: number, end: number): void {
    this.#bytesSkipped += end - offset
    this.#findings.push(finding(code, file, offset, end - offset))
  }

  #noteShortness({ file, knownSize }: ReadStep, end: number): void {
    if (knownSize !== undefined && end < knownSize) {
      this.#findings.push(finding('FILE_SHORT', file, end, knownSize - end))
    }
  }
}

const CODE_OF_DAMAGE: Readonly<Record<RecordDamage, FindingCode>> = {
  size: 'RECORD_SIZE_INVALID',
  truncated: 'RECORD_TRUNCATED',
}

/** A file being read. */
interface OpenStep {
  readonly step: ReadStep
  readonly file: QueueFile
  /** Where reading it began. */
  readonly start: number
  readonly records: RecordFile
}

async function loadMetadata(
  files: QueueFiles,
  directory: string,
  { metadataFile }: QueueListing,
): Promise<QueueMetadata | null | undefined> {
  if (metadataFile === undefined) return undefined
  try {
    return parseMetadata(await readMetadataText(files, join(directory, metadataFile))) ?? null
  } catch (error) {
    throw DiskQueueError.from(error, `read ${metadataFile}`)
  }
}
