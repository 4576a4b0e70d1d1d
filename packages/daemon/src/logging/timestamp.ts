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

/**
 * Node's wall clock has milliseconds; the steps between come from its monotonic clock. The two are compared at every call, so a
 * clock that is set while we run is followed.
 */
function epochMicroseconds(): number {
  const milliseconds = Date.now()
  const exact = (performance.timeOrigin + performance.now()) * 1e3
  return Math.abs(exact - milliseconds * 1e3) < 2e3 ? Math.floor(exact) : milliseconds * 1e3
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
