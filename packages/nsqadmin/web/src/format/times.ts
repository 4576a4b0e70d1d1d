// Moments and durations as the reader's locale writes them.
import { UNKNOWN } from './numbers.ts'

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' })
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'short' })

/** 10:14:03 */
export function timeOfDay(ms: number): string {
  return clock.format(ms)
}

/** 21 Nov 2026, 10:14:03 */
export function dateAndTime(ms: number): string {
  return dated.format(ms)
}

/** 12 sec. ago */
export function ago(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1000))
  if (seconds < 60) return relative.format(-seconds, 'second')
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), 'minute')
  if (seconds < 48 * 3600) return relative.format(-Math.round(seconds / 3600), 'hour')
  return relative.format(-Math.round(seconds / 86400), 'day')
}

const precise = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/** 21 Nov 2026, 10:14:03.042: of one message, where milliseconds count. */
export function momentOf(ms: number): string {
  return precise.format(ms)
}

/** in 12 min., or 3 sec. ago */
export function fromNow(ms: number): string {
  const seconds = Math.round((ms - Date.now()) / 1000)
  const [size, unit] = RELATIVE.find(([size]) => Math.abs(seconds) >= 2 * size) ?? ([1, 'second'] as const)
  return relative.format(Math.round(seconds / size), unit)
}

const RELATIVE = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const

const UNITS = [
  { ns: 1e9, name: 's' },
  { ns: 1e6, name: 'ms' },
  { ns: 1e3, name: 'µs' },
] as const
const threeDigits = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

/** 1 d 3 h, 1 h 2 m, 4 m 5 s, 3.21 s, 17 ms, 4.5 µs, 12 ns: at most two parts. */
export function duration(ns: number | null | undefined): string {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return UNKNOWN
  const seconds = Math.floor(ns / 1e9)
  if (seconds >= 86400) return twoParts(seconds, 86400, 'd', 3600, 'h')
  if (seconds >= 3600) return twoParts(seconds, 3600, 'h', 60, 'm')
  if (seconds >= 60) return twoParts(seconds, 60, 'm', 1, 's')
  const unit = UNITS.find(({ ns: size }) => ns >= size)
  return unit === undefined ? `${threeDigits.format(ns)} ns` : `${threeDigits.format(ns / unit.ns)} ${unit.name}`
}

function twoParts(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}
