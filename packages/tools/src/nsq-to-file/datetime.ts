// `--datetime-format`: those conversions of strftime that the original knows (tools.md, section 4.2). All else stays as it is.

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const SHORT = 3

const CONVERSIONS: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => weekday(date).slice(0, SHORT),
  A: weekday,
  b: (date) => month(date).slice(0, SHORT),
  B: month,
  d: (date) => two(date.getDate()),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  S: (date) => two(date.getSeconds()),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()).padStart(4, '0'),
  z: offset,
  Z: zoneName,
  '%': () => '%',
}

/** The date in local time, as the format says. */
export function formatDatetime(format: string, date: Date): string {
  return format.replaceAll(/%(.)/gs, (whole, letter: string) => {
    return Object.hasOwn(CONVERSIONS, letter) ? (CONVERSIONS[letter]?.(date) ?? whole) : whole
  })
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function weekday(date: Date): string {
  return WEEKDAYS[date.getDay()] ?? ''
}

function month(date: Date): string {
  return MONTHS[date.getMonth()] ?? ''
}

/** `+0100` */
function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const sign = minutes < 0 ? '-' : '+'
  return `${sign}${two(Math.trunc(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`
}

/** Each knows the names of the zones around it: en-US `PST`, en-GB `CET`. */
const ZONE_LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA']

/** `CET`, or where a zone has no letters, as in Go, its offset: `+03`. */
function zoneName(date: Date): string {
  for (const locale of ZONE_LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    if (!/[+-]/.test(name)) return name
  }
  const digits = offset(date)
  return digits.endsWith('00') ? digits.slice(0, 3) : digits
}
