// Times in queries: Unix milliseconds, or RFC 3339.

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** @returns Unix milliseconds, fractions included; undefined when it is no time */
export function parseTime(text: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const match = RFC_3339.exec(text.replace(/ (?=\d\d:\d\d$)/, '+')) // an offset's `+` that nobody encoded
  if (match === null) return undefined
  const [, date = '', time = '', fraction = '', zone = ''] = match
  const seconds = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  if (Number.isNaN(seconds) || !isDay(date)) return undefined
  return seconds + Number(`0${fraction}`) * 1000
}

/** RFC 3339 in UTC, to the millisecond. */
export function formatTime(wallMs: number): string {
  return new Date(Math.round(wallMs)).toISOString()
}

/** The same, to the microsecond, as far as a double tells. */
export function formatTimeMs(wallMs: number): string {
  return formatTimeNs(BigInt(Math.round(wallMs * 1000)) * 1000n)
}

/** The same of nanoseconds, to the microsecond, which is what nsqd's clock knows. */
export function formatTimeNs(wallNs: bigint): string {
  const us = wallNs / 1000n
  const seconds = new Date(Number(us / 1000n)).toISOString().slice(0, -4)
  return `${seconds}${String(us % 1_000_000n).padStart(6, '0')}Z`
}

/** Date.parse lets the 31st of February be the 3rd of March. */
function isDay(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date)
}
