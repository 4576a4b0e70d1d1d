// Numbers from zero up in 16 bits, for charts: 12 bits of precision (whole numbers are exact up to 4095, all others to 0.025 %), and
// as many magnitudes as are needed from tenths of a message a second to hours of latency in nanoseconds.
//
//   [ exponent: 5 bits ][ fraction: 11 bits ]      value = (2048 + fraction) * 2^(exponent - 1); exponent 0: value = fraction

const FRACTION_BITS = 11
const IMPLIED = 1 << FRACTION_BITS
const EXPONENT_MAX = 31

/** Of nothing that is known. */
export const UNKNOWN = 0xffff

/** The largest number but one; larger ones become it. */
const LARGEST = UNKNOWN - 1

/** @param value not negative; fractions of it are lost */
export function toSmall(value: number): number {
  const whole = Math.round(value)
  if (!(whole > 0)) return 0
  let exponent = 0
  let fraction = whole
  if (whole >= IMPLIED) {
    exponent = Math.floor(Math.log2(whole)) - FRACTION_BITS + 1
    fraction = Math.round(whole / 2 ** (exponent - 1))
    if (fraction === 2 * IMPLIED) {
      fraction = IMPLIED
      exponent++
    }
    if (exponent > EXPONENT_MAX) return LARGEST
    fraction -= IMPLIED
  }
  return Math.min(LARGEST, exponent * IMPLIED + fraction)
}

export function fromSmall(small: number): number {
  const exponent = small >> FRACTION_BITS
  const fraction = small & (IMPLIED - 1)
  return exponent === 0 ? fraction : (IMPLIED + fraction) * 2 ** (exponent - 1)
}
