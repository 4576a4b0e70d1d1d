import { crc32 } from 'node:zlib'
import type { LogFile, LogFiles } from '../../../src/log/files.ts'

/** What is done differently from what was asked for. */
export interface Changes {
  readonly write?: (file: LogFile, bytes: Buffer, start: number, end: number, position: number) => number
  readonly afterRead?: (bytes: Buffer) => void
  readonly sync?: (file: LogFile) => void
  readonly syncLater?: (file: LogFile, done: (error: Error | null) => void) => void
  readonly syncDirectory?: (directory: string) => void
  readonly beforeCreate?: (path: string) => void
}

const paths = new WeakMap<LogFile, string>()

/** The path with which a file was opened. */
export function fileOf(file: LogFile): string {
  return paths.get(file)!
}

/** Files that hand on what they are asked for, with some changes: for planting faults. */
export class FilesBetween implements LogFiles {
  readonly #files: LogFiles
  readonly #changes: Changes

  constructor(files: LogFiles, changes: Changes) {
    this.#files = files
    this.#changes = changes
  }

  list(directory: string): string[] {
    return this.#files.list(directory)
  }

  makeDirectory(directory: string): void {
    this.#files.makeDirectory(directory)
  }

  rename(from: string, to: string): void {
    this.#files.rename(from, to)
  }

  remove(path: string): void {
    this.#files.remove(path)
  }

  removeDirectory(directory: string): void {
    this.#files.removeDirectory(directory)
  }

  syncDirectory(directory: string): void {
    if (this.#changes.syncDirectory === undefined) this.#files.syncDirectory(directory)
    else this.#changes.syncDirectory(directory)
  }

  open(path: string, mode: 'create' | 'edit' | 'read'): LogFile {
    const { write, afterRead = () => {}, sync, syncLater, beforeCreate } = this.#changes
    if (mode === 'create') beforeCreate?.(path)
    const file = this.#files.open(path, mode)
    paths.set(file, path)
    return {
      size: () => file.size(),
      write: (...args) => (write === undefined ? file.write(...args) : write(file, ...args)),
      read: (bytes, position) => {
        const size = file.read(bytes, position)
        afterRead(bytes.subarray(0, size))
        return size
      },
      readLater: (bytes, position, done) =>
        file.readLater(bytes, position, (error, size) => {
          if (error === null) afterRead(bytes.subarray(0, size))
          done(error, size)
        }),
      sync: () => (sync === undefined ? file.sync() : sync(file)),
      syncLater: (done) => (syncLater === undefined ? file.syncLater(done) : syncLater(file, done)),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    }
  }
}

/** Makes the checksum right of everything that looks like a batch (log/batch.ts). */
export function mendChecksums(bytes: Buffer): void {
  for (let at = bytes.indexOf('NSQB'); at >= 0; at = bytes.indexOf('NSQB', at + 1)) {
    if (at + 28 > bytes.length) return
    const end = at + 28 + bytes.readUInt32BE(at + 8)
    if (end <= bytes.length) bytes.writeUInt32BE(crc32(bytes.subarray(at + 8, end)), at + 4)
  }
}
