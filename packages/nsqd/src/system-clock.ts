import type { Alarm, Clock } from './core/clock.ts'

/** The wall clock may be stepped (NTP, an operator); beyond this we follow the step, below it is the rounding of Date.now. */
const STEP_US = 20_000

/**
 * The machine's clocks. Wall time is the monotonic clock plus an offset, which gives microseconds and never runs
 * backwards by rounding; the offset follows when the wall clock was stepped.
 */
export function systemClock(): Clock {
  let offsetUs = Math.round(performance.timeOrigin * 1000)
  return {
    now: () => performance.now(),
    wallUs: () => {
      const us = offsetUs + Math.floor(performance.now() * 1000)
      const stepUs = Date.now() * 1000 - us
      if (stepUs < STEP_US && stepUs > -STEP_US) return us
      offsetUs += stepUs
      return us + stepUs
    },
  }
}

/** An alarm on node's timers. It may ring up to a millisecond early or late. */
export function systemAlarm(ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined
  return {
    set(atMs) {
      clearTimeout(timer)
      timer = setTimeout(ring, Math.max(1, Math.ceil(atMs - performance.now())))
      timer.unref() // what is in flight alone does not keep a process alive
    },
    clear() {
      clearTimeout(timer)
    },
  }
}
