/** The middle one (of an even number the upper of the two); undefined if there is none. */
export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** The median of a[key] / b[key], run by run: what disturbed both of a pair disturbs their ratio less. */
export function medianRatio(a, b, key) {
  return median(a.map((run, i) => run[key] / b[i]?.[key]))
}
