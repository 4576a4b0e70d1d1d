/** Fills a new, larger typed array with what the old one holds. */
export function enlarge<T extends { set(from: T): void }>(larger: T, old: T): T {
  larger.set(old)
  return larger
}
