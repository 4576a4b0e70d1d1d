// A file that only grows: whole writes or none, and nothing is taken for written before it is synced.
import { close, fdatasync, fstat, ftruncate, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { syncFolder } from './directory.ts'

/** What {@link FileSequence} writes to: one kind for each way of storing lines. */
export interface OutputFile {
  /** Bytes of all lines in it, before compression, and of what was there before. */
  readonly size: number
  /** Takes a line without its end. The bytes must not change until the next `flush` or `sync`. */
  add(line: Buffer): void
  /** Hands what was added to the system, as far as the kind of file allows it to be read before a sync. */
  flush(): Promise<void>
  /** Resolves when everything added is on stable storage and can be read. */
  sync(): Promise<void>
  /** Syncs and closes. */
  close(): Promise<void>
}

/** A file that was opened for appending. */
export interface OpenedFile {
  readonly descriptor: number
  readonly size: number
  /** The folder it lies in. */
  readonly folder: string
}

const LINE_END = 0x0a

const writeFile = promisify(write)
const statFile = promisify(fstat)
const truncateFile = promisify(ftruncate)
const syncFile = promisify(fdatasync)
const closeFile = promisify(close)

/** Lines one after another in one piece of memory. */
export function joinLines(lines: readonly Buffer[], size: number): Buffer {
  const joined = Buffer.allocUnsafe(size) // each byte is written below
  let end = 0
  for (const line of lines) {
    end += line.copy(joined, end)
    joined[end++] = LINE_END
  }
  return joined
}

/** Appends to a file that was opened for appending. */
export class Appender {
  readonly #descriptor: number
  #end: number
  #isDirty = false
  /** Where the file's name is not on stable storage yet. */
  #newIn: string | undefined

  constructor({ descriptor, size, folder }: OpenedFile) {
    this.#descriptor = descriptor
    this.#end = size
    this.#newIn = folder
  }

  /** Size of the file. */
  get end(): number {
    return this.#end
  }

  /** @throws {Error} after a failure, such as a full disk; nothing of `bytes` is in the file then, if the system lets us */
  async append(bytes: Buffer): Promise<void> {
    this.#isDirty = true
    let written = 0
    try {
      // At once into an empty file: who sees a new file should find something in it.
      if (this.#end === 0) written = writeSync(this.#descriptor, bytes)
      while (written < bytes.length) written += (await writeFile(this.#descriptor, bytes, written)).bytesWritten
    } catch (error) {
      await this.#cutOff(written).catch(() => undefined) // the first failure is the one to tell
      throw error
    }
    this.#end += bytes.length
  }

  /**
   * Takes back what was written in part: half a line would be taken for a message, and half a gzip member is none. Not where others
   * have written behind it (two topics may share a file): theirs counts more.
   */
  async #cutOff(written: number): Promise<void> {
    const { size } = await statFile(this.#descriptor)
    if (size === this.#end + written) await truncateFile(this.#descriptor, this.#end)
  }

  async sync(): Promise<void> {
    if (this.#isDirty) await syncFile(this.#descriptor)
    this.#isDirty = false
    if (this.#newIn !== undefined) await syncFolder(this.#newIn)
    this.#newIn = undefined
  }

  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await closeFile(this.#descriptor)
    }
  }
}
