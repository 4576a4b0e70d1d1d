// Durations in options: a number of milliseconds, or text with units.

/** A number is milliseconds; text is numbers with units, as in `'250ms'`, `'5s'`, `'1.5m'`, `'1h30m'`. */
export type Duration = number | string

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g

/**
 * @param name of the option, for the error
 * @returns milliseconds, 0 or more
 * @throws {RangeError} when it is no duration
 */
export function toMs(duration: Duration, name: string): number {
  if (typeof duration === 'number') {
    if (duration >= 0) return duration // Infinity is a duration: never
  } else {
    let ms = 0
    const rest = duration.replace(PART, (_, amount, unit: string) => {
      ms += Number(amount) * UNIT_MS[unit]!
      return ''
    })
    if (rest === '' && duration !== '') return ms
  }
  throw new RangeError(`${name}: ${JSON.stringify(duration)} is no duration: ms, or text such as '1h30m'`)
}
