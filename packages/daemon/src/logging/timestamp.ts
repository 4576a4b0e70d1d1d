// `YYYY/MM/DD HH:MM:SS.uuuuuu` in local time, the stamp of every log line. The part up to the second is kept, since most lines
// share theirs with the line before.

let stampedSecond = Number.NaN
let stamp = ''

/** The current local time, to the second. */
export function wallClockSeconds(): string {
  return secondsStamp(Math.floor(epochMicroseconds() / 1e6))
}

/** The current local time, to the microsecond. */
export function wallClockMicroseconds(): string {
  const now = epochMicroseconds()
  const second = Math.floor(now / 1e6)
  return `${secondsStamp(second)}.${String(now - second * 1e6).padStart(6, '0')}`
}

// Node's wall clock has milliseconds; the steps between come from its monotonic clock, to which this is added (microseconds).
let monotonicToWall = Number.NaN

function epochMicroseconds(): number {
  const before = performance.now()
  const wall = Date.now() * 1e3
  const after = performance.now()
  // The two are compared at every call, so a clock that is set while we run is followed; unless we were interrupted in between.
  const drift = after * 1e3 + monotonicToWall - wall
  if (Number.isNaN(drift) || (Math.abs(drift) > 2e3 && after - before < 0.5)) monotonicToWall = wall - before * 1e3
  return Math.floor(after * 1e3 + monotonicToWall)
}

function secondsStamp(second: number): string {
  if (second !== stampedSecond) {
    const date = new Date(second * 1e3)
    const two = (number: number) => String(number).padStart(2, '0')
    const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
    stamp = `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
    stampedSecond = second
  }
  return stamp
}
