import type { LogFile } from './files.ts'

/** What a disk that cannot read a place gives up at the least. */
const BLOCK_SIZE = 4096
/** So often it is asked for that. */
const ATTEMPTS = 3

/** Reads as much of a file as the disk can read, and knows what that was. */
export class Salvager {
  /** Bytes that the disk could not read. */
  unreadable = 0
  /** Bytes that it could. */
  readable = 0
  readonly #file: LogFile

  constructor(file: LogFile) {
    this.#file = file
  }

  /**
   * Fills `bytes` from `position` on, as far as the file goes, and leaves zeros where the disk cannot read (EIO): there it
   * is asked again, for less and less.
   * @returns how far the file went
   * @throws of the file system, but EIO
   */
  read(bytes: Buffer, position: number): number {
    return this.#piece(bytes, position, 0, bytes.length)
  }

  #piece(bytes: Buffer, position: number, from: number, to: number, attempt = 1): number {
    let at = from
    try {
      while (at < to) {
        const size = this.#file.read(bytes.subarray(at, to), position + at)
        if (size <= 0) break
        at += size
        this.readable += size
      }
      return at
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
      const middle = blockBoundary(position + at, position + to) - position
      if (middle > at) {
        const end = this.#piece(bytes, position, at, middle)
        return end < middle ? end : this.#piece(bytes, position, middle, to)
      }
      if (attempt < ATTEMPTS) return this.#piece(bytes, position, at, to, attempt + 1)
      bytes.fill(0, at, to)
      this.unreadable += to - at
      return to
    }
  }
}

/** Where a block begins between two places, about in their middle; 0: nowhere. */
function blockBoundary(from: number, to: number): number {
  const upper = Math.ceil((from + to) / 2 / BLOCK_SIZE) * BLOCK_SIZE
  if (upper < to) return upper
  return upper - BLOCK_SIZE > from ? upper - BLOCK_SIZE : 0
}
