import type { Log } from '../log/log.ts'
import type { Channel } from './channel.ts'
import type { Clock } from './clock.ts'
import { remainingMs } from './schedule.ts'

/** Messages that are due later than this leave memory, once they are on disk: others have more use of it. */
const LONG_WAIT_MS = 60_000

/**
 * How far the messages of a topic were given to its channels, and the giving. Messages with a delay lie in a log of their
 * own; their delay starts when they are handed to the channels.
 */
export class Distribution {
  /** The position up to which the channels were given the messages of the log, and of the one with a delay. */
  distributed = 0
  distributedScheduled = 0
  readonly #clock: Clock
  readonly #log: Log
  readonly #scheduled: Log
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #given: () => void

  /** @param given called when something was given away, before anybody has it */
  constructor(clock: Clock, log: Log, scheduled: Log, channels: ReadonlyMap<string, Channel>, given: () => void) {
    this.#clock = clock
    this.#log = log
    this.#scheduled = scheduled
    this.#channels = channels
    this.#given = given
  }

  /** Gives the channels, of which there is one at least, all that is committed. */
  run(): void {
    this.#distributeLog()
    this.#distributeScheduled()
  }

  #distributeLog(): void {
    const log = this.#log
    const from = this.distributed
    const to = log.committed
    if (from === to) return
    this.distributed = to
    this.#given()
    if (from >= log.gapsTo) return this.#give(from, to)
    for (const segment of log.segments.slice()) {
      if (segment.tail > from) this.#give(Math.max(from, segment.base), segment.tail)
    }
  }

  #give(from: number, to: number): void {
    const log = this.#log
    let whole = 0
    let gaps = false
    for (const channel of this.#channels.values()) {
      const end = channel.extend(from, to)
      if (end === to) {
        whole++
      } else {
        gaps = true
        log.hold(from, end, 1)
      }
    }
    log.hold(from, to, whole)
    if (gaps) log.raiseFloor(to)
    else log.raiseFloorHeld(to)
  }

  #distributeScheduled(): void {
    const scheduled = this.#scheduled
    const channels = this.#channels
    const from = this.distributedScheduled
    const to = scheduled.committed
    if (from === to) return
    this.distributedScheduled = to
    scheduled.hold(from, to, channels.size)
    scheduled.raiseFloorHeld(to)
    this.#given()
    const wallMs = this.#clock.wallUs() / 1000
    let soonestMs = Infinity
    for (let position = from; position < to; position++) {
      const segment = scheduled.segmentAt(position)
      if (position < segment.base || position >= segment.tail) continue // a gap
      const index = position - segment.base
      const delayMs = remainingMs(segment.delays![index]!, wallMs)
      for (const channel of channels.values()) channel.defer(segment, index, delayMs)
      soonestMs = Math.min(soonestMs, delayMs)
      if (position + 1 < segment.tail || !segment.sealed || !segment.written) continue
      segment.delays = null
      if (soonestMs > LONG_WAIT_MS) scheduled.letGo(segment)
      soonestMs = Infinity
    }
  }
}
