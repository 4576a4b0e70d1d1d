const PAGE_ROWS = 15

/** Which of `count` rows a key leads to. -1: up, out of the list; undefined: this key is not for walking. */
export function rowAfterKey(key: string, current: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(count - 1, current + 1)
    case 'ArrowUp':
      return current - 1
    case 'PageDown':
      return Math.min(count - 1, current + PAGE_ROWS)
    case 'PageUp':
      return Math.max(0, current - PAGE_ROWS)
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}
