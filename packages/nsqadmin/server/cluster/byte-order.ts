/** Sorts as Go compares strings: by their UTF-8 bytes, which for what NSQ allows in names is by code unit. */
export function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
