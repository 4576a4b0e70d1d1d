/**
 * Leaves out of a list what is not needed for `fails` to hold: halves first, then ever smaller pieces.
 * @param triesMax how often `fails` may be called
 */
export function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => boolean,
  triesMax: number,
): readonly T[] {
  let kept = items
  let tries = 0
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length && tries < triesMax;) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)]
      tries++
      if (fails(without)) kept = without
      else at += size
    }
  }
  return kept
}
