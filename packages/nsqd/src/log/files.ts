/**
 * The file system, as the log is given it. Appending is synchronous: a write to the kernel's cache costs less than a
 * trip to a thread and back. What may take long, stable storage and cold reads, has a callback.
 *
 * Every call may throw, or hand its callback, an error with node's `code` (ENOSPC, EIO, EMFILE ...); reads and writes
 * may be short.
 */
export interface LogFiles {
  /** Names in a folder, [] when there is none. */
  list(directory: string): string[]
  makeDirectory(directory: string): void
  /** `create` fails when the file exists; `edit` and `read` when it does not. */
  open(path: string, mode: 'create' | 'edit' | 'read'): LogFile
  rename(from: string, to: string): void
  remove(path: string): void
  /** Removes an empty folder. */
  removeDirectory(directory: string): void
  /** Makes names in a folder durable: after a file was made, renamed or removed. */
  syncDirectory(directory: string): void
}

export interface LogFile {
  size(): number
  /** Writes bytes[start, end) at `position`; returns how many bytes were taken. */
  write(bytes: Buffer, start: number, end: number, position: number): number
  /** Fills `bytes` from `position` on; returns how many bytes there were, 0 at the end. */
  read(bytes: Buffer, position: number): number
  readLater(bytes: Buffer, position: number, done: (error: Error | null, size: number) => void): void
  /** To stable storage, at once. */
  sync(): void
  syncLater(done: (error: Error | null) => void): void
  truncate(size: number): void
  close(): void
}

/** Writes all of bytes[start, end). @throws when the disk takes no more */
export function writeWhole(file: LogFile, bytes: Buffer, start: number, end: number, position: number): void {
  for (let at = start; at < end;) {
    const size = file.write(bytes, at, end, position + at - start)
    if (size <= 0) throw Object.assign(new Error('write made no progress'), { code: 'EIO' })
    at += size
  }
}

/** Fills `bytes` as far as the file goes; returns how far that was. */
export function readWhole(file: LogFile, bytes: Buffer, position: number): number {
  let at = 0
  while (at < bytes.length) {
    const size = file.read(bytes.subarray(at), position + at)
    if (size <= 0) break
    at += size
  }
  return at
}
