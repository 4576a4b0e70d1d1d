import fs from 'node:fs'
import type { LogFile, LogFiles } from '../log/files.ts'

/** Only the daemon's user may read what is queued. */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** The machine's own file system. */
export const nodeFiles: LogFiles = {
  list(directory) {
    try {
      return fs.readdirSync(directory)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  },
  makeDirectory: (directory) => void fs.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }),
  open: (path, mode) =>
    new NodeFile(fs.openSync(path, mode === 'create' ? 'wx+' : mode === 'edit' ? 'r+' : 'r', FILE_MODE)),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  removeDirectory: (directory) => fs.rmdirSync(directory),
  syncDirectory(directory) {
    const fd = fs.openSync(directory, 'r')
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
}

class NodeFile implements LogFile {
  readonly #fd: number
  /** Calls under way on threads; the descriptor must outlive them. */
  #running = 0
  #closing = false

  constructor(fd: number) {
    this.#fd = fd
  }

  size(): number {
    return fs.fstatSync(this.#fd).size
  }

  write(bytes: Buffer, start: number, end: number, position: number): number {
    return fs.writeSync(this.#fd, bytes, start, end - start, position)
  }

  read(bytes: Buffer, position: number): number {
    return fs.readSync(this.#fd, bytes, 0, bytes.length, position)
  }

  readLater(bytes: Buffer, position: number, done: (error: Error | null, size: number) => void): void {
    this.#running++
    fs.read(this.#fd, bytes, 0, bytes.length, position, (error, size) => {
      this.#ended()
      done(error, size)
    })
  }

  sync(): void {
    fs.fdatasyncSync(this.#fd)
  }

  syncLater(done: (error: Error | null) => void): void {
    this.#running++
    fs.fdatasync(this.#fd, (error) => {
      this.#ended()
      done(error)
    })
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#fd, size)
  }

  close(): void {
    this.#closing = true
    if (this.#running === 0) fs.closeSync(this.#fd)
  }

  #ended(): void {
    this.#running--
    if (this.#closing && this.#running === 0) fs.closeSync(this.#fd)
  }
}
