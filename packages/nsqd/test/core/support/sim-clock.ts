import type { Alarm, AlarmFactory, Clock } from '../../../src/core/clock.ts'

/** 2024-05-17T03:46:40Z, in microseconds. */
export const WALL_START_US = 1_715_917_600_000_000

/** Time that passes when told to. Its alarms ring while it passes, each at its moment, earliest first. */
export class SimClock implements Clock {
  /** Monotonic milliseconds. */
  nowMs = 1000
  /** How far the wall clock was set forward (or back, below 0). */
  skewUs = 0
  readonly #alarms = new Set<SimAlarm>()

  now(): number {
    return this.nowMs
  }

  wallUs(): number {
    return WALL_START_US + this.skewUs + Math.floor(this.nowMs * 1000)
  }

  readonly alarm: AlarmFactory = (ring) => {
    const alarm = new SimAlarm(ring)
    this.#alarms.add(alarm)
    return alarm
  }

  /** When the next alarm is to ring, Infinity for never. */
  get nextAlarmMs(): number {
    let next = Infinity
    for (const alarm of this.#alarms) next = Math.min(next, alarm.atMs)
    return next
  }

  /** Lets time pass and alarms ring; `rung` is called after each. */
  advance(ms: number, rung: () => void = () => {}): void {
    const until = this.nowMs + ms
    for (;;) {
      const next = this.nextAlarmMs
      if (next > until) break
      this.nowMs = Math.max(this.nowMs, next)
      for (const alarm of this.#alarms) if (alarm.atMs <= this.nowMs) alarm.ringNow()
      rung()
    }
    this.nowMs = until
  }

  /** Time passes and nothing is done: the process was busy elsewhere. */
  stall(ms: number): void {
    this.nowMs += ms
  }
}

class SimAlarm implements Alarm {
  atMs = Infinity
  readonly #ring: () => void

  constructor(ring: () => void) {
    this.#ring = ring
  }

  set(atMs: number): void {
    if (Number.isNaN(atMs)) throw new Error('an alarm at no time')
    this.atMs = atMs
  }

  clear(): void {
    this.atMs = Infinity
  }

  ringNow(): void {
    this.atMs = Infinity
    this.#ring()
  }
}
