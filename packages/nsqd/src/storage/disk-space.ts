import { statfsSync } from 'node:fs'

/** How often the free space is looked at: a publisher waits no longer than this, once there is room again. */
const INTERVAL_MS = 500

/** Nothing is published while the disk has no more free space than is kept in reserve for working off what is queued. */
export class DiskFullError extends Error {
  readonly code = 'ENOSPC'

  constructor() {
    super('no space left on device (--disk-reserve)')
    this.name = 'DiskFullError'
  }
}

/** True for an error that says that the disk, or our share of it, is full. */
export function isDiskFull(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Watches the free space of a folder's disk. */
export class DiskSpace {
  readonly #directory: string
  #reserve: number
  readonly #changed: (full: boolean) => void
  #timer: NodeJS.Timeout | undefined
  #full = false
  #started = false

  /**
   * @param reserve bytes that are to stay free; 0: no watching
   * @param changed told when it became full, or is no longer
   */
  constructor(directory: string, reserve: number, changed: (full: boolean) => void) {
    this.#directory = directory
    this.#reserve = reserve
    this.#changed = changed
  }

  get full(): boolean {
    return this.#full
  }

  start(): void {
    this.#started = true
    if (this.#reserve === 0) return
    this.#look()
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** @param reserve as for the constructor; has its effect at once */
  changeReserve(reserve: number): void {
    this.#reserve = reserve
    if (!this.#started) return
    clearInterval(this.#timer)
    if (reserve === 0 && this.#full) this.#become(false)
    this.start()
  }

  close(): void {
    this.#started = false
    clearInterval(this.#timer)
  }

  /** @throws {DiskFullError} when nothing may be published */
  check(): void {
    if (this.#full) throw new DiskFullError()
  }

  #look(): void {
    const full = this.#free() <= this.#reserve
    if (full !== this.#full) this.#become(full)
  }

  #become(full: boolean): void {
    this.#full = full
    this.#changed(full)
  }

  #free(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#directory)
      return bavail * bsize
    } catch {
      return Infinity // writing will tell what is wrong with it
    }
  }
}
