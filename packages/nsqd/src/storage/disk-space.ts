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

export interface DiskSpaceSettings {
  readonly directory: string
  /** Bytes that are to stay free; 0: no watching. */
  readonly reserve: number
  /** Frees some, before it is called full. @returns false: there is nothing to free */
  readonly makeRoom: () => boolean
  /** Told when it became full, or is no longer. */
  readonly changed: (full: boolean) => void
}

/** Watches the free space of a folder's disk. */
export class DiskSpace {
  readonly #settings: DiskSpaceSettings
  #reserve: number
  #timer: NodeJS.Timeout | undefined
  #full = false
  #started = false

  constructor(settings: DiskSpaceSettings) {
    this.#settings = settings
    this.#reserve = settings.reserve
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

  /** @param reserve as DiskSpaceSettings; has its effect at once */
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
    let full = this.#free() <= this.#reserve
    while (full && this.#settings.makeRoom()) full = this.#free() <= this.#reserve
    if (full !== this.#full) this.#become(full)
  }

  #become(full: boolean): void {
    this.#full = full
    this.#settings.changed(full)
  }

  #free(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#settings.directory)
      return bavail * bsize
    } catch {
      return Infinity // writing will tell what is wrong with it
    }
  }
}
