// How Go's flag package reads booleans, integers and floats (nsqd-flags.md, section 2). The texts of the errors are what a
// user sees after `invalid value "x" for flag -y: `.

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])
const INT64_MAX = (1n << 63n) - 1n

/** @throws {Error} `parse error` for anything but the twelve words. */
export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new Error('parse error')
}

// Underscores may stand between digits and after a base prefix. A leading 0 alone means octal.
const INTEGER = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/

/**
 * A 64-bit integer: optional sign, `0x`, `0o`, `0b` or a leading `0` for the base, `_` between digits. Numbers beyond 2^53 lose their
 * last digits, which no option can tell.
 * @throws {Error} `parse error`, or `value out of range` beyond 64 bits.
 */
export function parseInteger(text: string): number {
  if (!INTEGER.test(text)) throw new Error('parse error')
  const negative = text.startsWith('-')
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '')
  const magnitude = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits)
  if (magnitude > (negative ? INT64_MAX + 1n : INT64_MAX)) throw new Error('value out of range')
  return Number(negative ? -magnitude : magnitude)
}

/** @throws {Error} `parse error` for what is not a finite decimal number. */
export function parseFloat64(text: string): number {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw new Error('parse error')
  const value = Number(text)
  if (!Number.isFinite(value)) throw new Error('value out of range')
  return value
}
