import type { Chooser } from './chooser.ts'

const RETRY_FIRST_MS = 30_000
const RETRY_MAX_MS = 900_000

interface Host {
  isDead: boolean
  /** When a dead one is tried again, and how long the time after that is. */
  retryAt: number
  retryDelayMs: number
}

/**
 * One after another of those that live. One that fails is dead for 30 s, then gets one message, and if that fails twice the time,
 * up to 15 minutes. When all are dead and none is due, all live again.
 */
export class HostPool implements Chooser {
  readonly #hosts: Host[]
  readonly #now: () => number
  #next = 0

  /** @param now milliseconds from any fixed point */
  constructor(count: number, now: () => number = () => performance.now()) {
    this.#hosts = Array.from({ length: count }, () => ({ isDead: false, retryAt: 0, retryDelayMs: 0 }))
    this.#now = now
  }

  choose(hasRoom: (index: number) => boolean): number {
    const count = this.#hosts.length
    for (let step = 0; step < count; step++) {
      const index = (this.#next + step) % count
      if (!hasRoom(index) || !this.#isUsable(index)) continue
      this.#next = index + 1
      return index
    }
    // None that lives has room, or none lives. Reviving those that are dead is right only in the second case.
    if (this.#hosts.every(({ isDead }) => isDead)) {
      for (const host of this.#hosts) host.isDead = false
      this.#next = 0
    }
    const index = this.#hosts.findIndex((_, index) => hasRoom(index))
    this.#next = Math.max(0, index) + 1
    return Math.max(0, index)
  }

  /** Lives, or is dead and due for a try, which is taken with it. */
  #isUsable(index: number): boolean {
    const host = this.#hosts[index]
    if (host === undefined || !host.isDead) return host !== undefined
    const now = this.#now()
    if (now < host.retryAt) return false
    host.retryDelayMs = Math.min(RETRY_MAX_MS, host.retryDelayMs * 2)
    host.retryAt = now + host.retryDelayMs
    return true
  }

  /** True when it has not failed since it last worked. */
  isAlive(index: number): boolean {
    return this.#hosts[index]?.isDead === false
  }

  onResult(index: number, isOk: boolean): void {
    const host = this.#hosts[index]
    if (host === undefined) return
    if (isOk) {
      host.isDead = false
    } else if (!host.isDead) {
      host.isDead = true
      host.retryDelayMs = RETRY_FIRST_MS
      host.retryAt = this.#now() + RETRY_FIRST_MS
    }
  }

  hasAlternative(index: number): boolean {
    return this.#hosts.some(({ isDead }, other) => !isDead && other !== index)
  }
}
