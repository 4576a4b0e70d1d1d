import type { DataFile } from './data-file.ts'
import type { LogFiles } from './files.ts'

/**
 * The files of a log that were written to since their last sync, and whether their folder knows of all of them. What a
 * failed sync leaves behind nobody knows: it is not tried again, and the file is suspect from then on.
 */
export class UnsyncedFiles {
  readonly #files: LogFiles
  readonly #directory: string
  readonly #unsynced = new Set<DataFile>()
  /** A file was made since the folder was synced. */
  #directoryDirty = false

  constructor(files: LogFiles, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** Something was written that a sync would make durable. */
  get any(): boolean {
    return this.#unsynced.size > 0
  }

  /** The file was made. */
  noteMade(): void {
    this.#directoryDirty = true
  }

  /** The file was written to. */
  add(file: DataFile): void {
    this.#unsynced.add(file)
  }

  /** Nothing is needed of the file any more. */
  delete(file: DataFile): void {
    this.#unsynced.delete(file)
  }

  /** A finished file needs no handle until it is read: a long backlog has more files than a process may have open. */
  rest(file: DataFile): void {
    if (file.finished && !this.#unsynced.has(file)) file.closeHandle()
  }

  /** Brings what was written so far to stable storage, off the thread; the names of new files first. */
  syncLater(done: (error: Error | null) => void): void {
    const files = [...this.#unsynced]
    this.#unsynced.clear()
    let left = files.length
    let failure: Error | null = null
    const synced = (file: DataFile, error: Error | null): void => {
      if (error !== null) {
        failure = error
        file.suspect = true
      }
      this.rest(file)
      if (--left === 0) done(failure)
    }
    if (left === 0) return done(null)
    try {
      this.#syncDirectory()
    } catch (error) {
      for (const file of files) synced(file, error as Error)
      return
    }
    for (const file of files) {
      if (file.suspect) synced(file, new SuspectFileError(file.path))
      else this.#syncFile(file, synced)
    }
  }

  #syncFile(file: DataFile, synced: (file: DataFile, error: Error | null) => void): void {
    try {
      file.handle().syncLater((error) => synced(file, error))
    } catch (error) {
      synced(file, error as Error)
    }
  }

  /** As syncLater, at once. @throws of the file system */
  sync(): void {
    const files = [...this.#unsynced]
    this.#unsynced.clear()
    let failure: Error | null = null
    for (const file of files) {
      try {
        if (file.suspect) throw new SuspectFileError(file.path)
        file.handle().sync()
      } catch (error) {
        file.suspect = true
        failure = error as Error
      }
    }
    this.#syncDirectory()
    if (failure !== null) throw failure
  }

  /** As sync, also what an earlier run may have left unsynced of these files. @throws of the file system */
  syncAll(files: readonly DataFile[]): void {
    this.sync()
    for (const file of files) {
      if (file.suspect) throw new SuspectFileError(file.path)
      file.handle().sync()
      this.rest(file)
    }
    if (files.length > 0) this.#files.syncDirectory(this.#directory)
  }

  #syncDirectory(): void {
    if (!this.#directoryDirty) return
    this.#files.syncDirectory(this.#directory)
    this.#directoryDirty = false
  }
}

/** A sync of the file failed: what is in it may be lost, so that nobody can be promised anything that goes there. */
export class SuspectFileError extends Error {
  readonly code = 'EIO'

  constructor(path: string) {
    super(`${path}: an earlier sync failed`)
    this.name = 'SuspectFileError'
  }
}
