// Single options, read: the default filled in, the bounds checked, the name in the error.
import { type Duration, toMs } from './duration.ts'

/** @returns milliseconds. @throws {RangeError} when it is no duration */
export function durationOption<Name extends string>(
  options: { readonly [Key in Name]?: Duration },
  name: Name,
  fallback: Duration,
): number {
  return toMs(options[name] ?? fallback, name)
}

/** @throws {RangeError} unless it is a number within the bounds */
export function numberOption<Name extends string>(
  options: { readonly [Key in Name]?: number },
  name: Name,
  fallback: number,
  min: number,
  max: number,
): number {
  const value = options[name] ?? fallback
  requireRange(name, value, min, max)
  return value
}

/** @throws {RangeError} unless `value` is a number within the bounds */
export function requireRange(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`${name}: ${value} is not within ${min}..${max}`)
}
