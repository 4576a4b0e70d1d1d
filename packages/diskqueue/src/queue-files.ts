/**
 * The files that this package needs, and nothing more: every access goes through `QueueFiles`, so that a broker passes
 * its own file layer and a test a disk that fails. The types are structural. An implementation answers at once or with
 * a promise; a failure is a thrown (or rejected) `Error`, with Node's `code` (`ENOENT`, `EIO`, ...) where there is one.
 */

/** A value, or the promise of one: synchronous and asynchronous file layers fit alike. */
export type Awaitable<T> = T | Promise<T>

/** One open file. All offsets and sizes are bytes. */
export interface QueueFile {
  /** The file's size now. */
  size(): Awaitable<number>
  /** Reads at most `target.length` bytes from `offset`; resolves to how many, which may be fewer, and is 0 at the end. */
  read(target: Buffer, offset: number): Awaitable<number>
  /** Writes at most all of `source` at `offset`; resolves to how many bytes, which may be fewer. */
  write(source: Buffer, offset: number): Awaitable<number>
  /** Returns when the file's bytes and its size are on stable storage (fsync or fdatasync). */
  sync(): Awaitable<void>
  /** Closes it; nothing else is called afterwards, also where this fails. */
  close(): Awaitable<void>
}

/** `read` opens what exists; `create` makes a new file to write, mode 0600, and fails with `EEXIST` over an old one. */
export type OpenPurpose = 'read' | 'create'

/** A place with files in it. Paths are a directory as the caller named it, a separator, and a file name. */
export interface QueueFiles {
  open(path: string, purpose: OpenPurpose): Awaitable<QueueFile>
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Awaitable<void>
  unlink(path: string): Awaitable<void>
  /** The names in a directory, in any order. */
  readdir(directory: string): Awaitable<readonly string[]>
  /** Returns when what was created, renamed and removed in the directory is on stable storage. */
  syncDirectory(directory: string): Awaitable<void>
}
