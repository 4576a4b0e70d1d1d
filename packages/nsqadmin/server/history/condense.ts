/**
 * Cuts a list into at most `count` groups of neighbours, all of the same size but the first, which may be smaller; so the newest
 * groups are whole, and stay as they are until the next is complete.
 */
export function condense<T>(list: readonly T[], count: number): T[][] {
  if (list.length === 0) return []
  const size = Math.ceil(list.length / Math.max(1, count))
  const groups: T[][] = []
  for (let end = list.length; end > 0; end -= size) groups.unshift(list.slice(Math.max(0, end - size), end))
  return groups
}
