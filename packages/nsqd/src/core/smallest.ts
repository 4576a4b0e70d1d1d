/**
 * Those that would be at [from, to) if the items were sorted, in order: of a million, without sorting a million. Reorders `items`.
 * @param compare as for Array.sort; a total order
 */
export function ranked<T>(items: T[], from: number, to: number, compare: (a: T, b: T) => number): T[] {
  const front = smallest(items, to, compare)
  if (from > 0 && from < front.length) partition(front, from, compare)
  return front.slice(from).sort(compare)
}

/** The `count` smallest, in no order. Reorders `items`. */
export function smallest<T>(items: T[], count: number, compare: (a: T, b: T) => number): T[] {
  if (count < items.length) partition(items, count, compare)
  return items.slice(0, Math.max(0, count))
}

/** Quickselect with the median of three: afterwards the `count` smallest lie in front. */
function partition<T>(items: T[], count: number, compare: (a: T, b: T) => number): void {
  let low = 0
  let high = items.length - 1
  while (low < high) {
    const pivot = medianOf(items[low]!, items[(low + high) >>> 1]!, items[high]!, compare)
    let left = low
    let right = high
    while (left <= right) {
      while (compare(items[left]!, pivot) < 0) left++
      while (compare(items[right]!, pivot) > 0) right--
      if (left > right) break
      const swapped = items[left]!
      items[left++] = items[right]!
      items[right--] = swapped
    }
    if (count <= right) high = right
    else if (count > left) low = left
    else return
  }
}

function medianOf<T>(a: T, b: T, c: T, compare: (a: T, b: T) => number): T {
  if (compare(a, b) > 0) return medianOf(b, a, c, compare)
  if (compare(b, c) <= 0) return b
  return compare(a, c) > 0 ? a : c
}
