// Durations in Go's notation (`1h0m0s`, `1.5h`, `250ms`), the form of every NSQ flag, config file and log line.
// In the program a duration is a number of milliseconds, fractions included: 100us is 0.1.

const NANOSECONDS_PER_UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, micro sign
  μs: 1_000n, // U+03BC, Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const NANOSECONDS_MAX = (1n << 63n) - 1n // a Go Duration is an int64
const PART = /(?:(\d+)(?:\.(\d*))?|\.(\d+))(ns|us|µs|μs|ms|s|m|h)/y

/**
 * Reads a duration strictly as Go's time.ParseDuration does: an optional sign, then one or more numbers each with a unit; a bare
 * `0` is the only number without one.
 * @returns milliseconds
 * @throws {Error} `time: invalid duration "…"` for everything else, and for what does not fit into 2^63 ns (292 years).
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-')
  const start = negative || text.startsWith('+') ? 1 : 0
  if (text.slice(start) === '0') return 0
  let nanoseconds = 0n
  PART.lastIndex = start
  let end = start
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    end = PART.lastIndex
    nanoseconds += partNanoseconds(part)
  }
  const limit = negative ? NANOSECONDS_MAX + 1n : NANOSECONDS_MAX
  if (end === start || end !== text.length || nanoseconds > limit) {
    throw new Error(`time: invalid duration ${JSON.stringify(text)}`)
  }
  return Number(negative ? -nanoseconds : nanoseconds) / 1e6
}

/** What lies below a nanosecond is cut off, as Go does. */
function partNanoseconds([, whole, fraction, fractionAlone, unit]: RegExpExecArray): bigint {
  const scale = NANOSECONDS_PER_UNIT[unit ?? ''] ?? 1n
  const digits = fraction ?? fractionAlone ?? ''
  const fractional = digits === '' ? 0n : (BigInt(digits) * scale) / 10n ** BigInt(digits.length)
  return BigInt(whole ?? '0') * scale + fractional
}

/** Milliseconds in the notation of Go's Duration.String: `1h0m0s`, `1.5s`, `250ms`, `15.3µs`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(Math.abs(milliseconds) * 1e6)
  const sign = milliseconds < 0 && nanoseconds > 0 ? '-' : ''
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`
  if (nanoseconds < 1e6) return `${sign}${decimal(nanoseconds, 3)}µs`
  if (nanoseconds < 1e9) return `${sign}${decimal(nanoseconds, 6)}ms`
  const minutes = Math.floor(nanoseconds / 60e9)
  const seconds = `${decimal(nanoseconds - minutes * 60e9, 9)}s`
  if (minutes === 0) return sign + seconds
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`
}

/** `nanoseconds / 10^places` written without trailing zeros. */
function decimal(nanoseconds: number, places: number): string {
  const scale = 10 ** places
  const whole = Math.floor(nanoseconds / scale)
  const fraction = String(nanoseconds - whole * scale)
    .padStart(places, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(whole) : `${whole}.${fraction}`
}
