/**
 * `QueueFiles` on node:fs/promises. Nothing here blocks the event loop: a daemon that imports or exports gigabytes goes
 * on answering. The package moves blocks of 1 MiB, so that a trip to the thread pool for each is small beside the copying.
 */
import { constants } from 'node:fs'
import { open, readdir, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { OpenPurpose, QueueFile, QueueFiles } from './queue-files.ts'

// As the original creates its files (spec: section 1).
const FILE_MODE = 0o600

const OPEN_FLAGS: Readonly<Record<OpenPurpose, number>> = {
  read: constants.O_RDONLY,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
}

/** The machine's own file system. */
export const nodeFiles: QueueFiles = {
  async open(path, purpose) {
    return new NodeFile(await open(path, OPEN_FLAGS[purpose], FILE_MODE))
  },
  rename,
  unlink,
  readdir: (directory) => readdir(directory),
  async syncDirectory(directory) {
    // Windows neither opens nor needs it: there a directory's entries are journalled by the file system.
    if (process.platform === 'win32') return
    const handle = await open(directory, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

class NodeFile implements QueueFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(target: Buffer, offset: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, offset)).bytesRead
  }

  async write(source: Buffer, offset: number): Promise<number> {
    return (await this.#handle.write(source, 0, source.length, offset)).bytesWritten
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
