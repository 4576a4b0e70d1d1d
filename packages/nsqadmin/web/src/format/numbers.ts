// Figures as the reader's locale writes them. Formatters are made once: making one costs more than using it a thousand times.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 })
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

/** What stands where a figure is not known. */
export const UNKNOWN = '–'

/** 1,234,567 */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : whole.format(value)
}

/** 1.23M, where there is little room. */
export function compact(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : short.format(value)
}

/** Messages per second without the unit: 1,234, or 0.4 below ten, or 0. */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return UNKNOWN
  const rounded = Math.round(perSecond * 10) / 10
  if (rounded === 0) return perSecond > 0 ? `<${oneDecimal.format(0.1)}` : whole.format(0)
  return rounded < 10 ? oneDecimal.format(rounded) : whole.format(rounded)
}

/** @param share 0 to 1 */
export function percentage(share: number): string {
  return percent.format(share)
}

/** 99th, 99.9th: how a quantile is called. */
export function percentileName(quantile: number): string {
  const shown = Number((quantile * 100).toFixed(3))
  const lastTwo = shown % 100
  const suffix =
    !Number.isInteger(shown) || (lastTwo >= 11 && lastTwo <= 13)
      ? 'th'
      : ({ 1: 'st', 2: 'nd', 3: 'rd' }[shown % 10] ?? 'th')
  return `${shown}${suffix}`
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** 12.3 MB: powers of a thousand. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN
  const power = value < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(value) / 3))
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: BYTE_UNITS[power]!,
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumSignificantDigits: 3,
  }).format(value / 1000 ** power)
}
