import { closeSync, mkdirSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

/**
 * Makes a data path that is missing, though not its parents: those are rather a slip of the pen, or a disk that is not mounted.
 * @returns whether it was made; when it could not be, whoever locks it says why
 */
export function makeDataPath(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}

/** The part of fs-ext that we use; it is CommonJS, with a native addon. */
interface FsExt {
  flockSync(fd: number, operation: 'exnb' | 'un'): void
}

/**
 * The exclusive right to a data path: flock(2) on the folder itself, as the original does, so that each excludes the
 * other. It dies with its process, however that ends.
 */
export class DataPathLock {
  readonly #fd: number

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** @throws {Error} when the folder is missing, or another process holds it; the message is the original's. */
  static acquire(path: string): DataPathLock {
    const fd = open(path)
    try {
      const fsExt = createRequire(import.meta.url)('fs-ext-extra-prebuilt') as FsExt
      fsExt.flockSync(fd, 'exnb')
    } catch (error) {
      closeSync(fd)
      throw new Error(
        `failed to lock data-path: cannot flock directory ${path} - ${reason(error)} (possibly in use by another instance of nsqd)`,
        { cause: error },
      )
    }
    return new DataPathLock(fd)
  }

  release(): void {
    closeSync(this.#fd)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const text = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : String(error)
    throw new Error(`failed to lock data-path: open ${path}: ${text}`, { cause: error })
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' ? 'resource temporarily unavailable' : message
}
