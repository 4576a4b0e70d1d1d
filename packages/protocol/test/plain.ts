// Plain twins of the fast readers: slow, obvious, and what those are checked against. And bytes cut at will.

/** What a command reader hands out, as text: `line:...` or `bytes:...`. */
export type Piece = string

/**
 * Reads a stream whole. A line `NEED n` is followed by a piece of n bytes; others stand alone.
 * @returns the pieces; 'too long' last when a line exceeds the limit
 */
export function readPlainly(stream: Buffer, lineSizeMax: number): Piece[] {
  const pieces: Piece[] = []
  let rest = stream.toString('latin1')
  let wanted = 0
  for (;;) {
    if (wanted > 0) {
      if (rest.length < wanted) return pieces
      pieces.push(`bytes:${rest.slice(0, wanted)}`)
      rest = rest.slice(wanted)
      wanted = 0
      continue
    }
    const lf = rest.indexOf('\n')
    if ((lf < 0 ? rest.length : lf) >= lineSizeMax) return [...pieces, 'too long']
    if (lf < 0) return pieces
    const line = rest.slice(0, lf).replace(/\r$/, '')
    pieces.push(`line:${line}`)
    wanted = wantedAfter(line)
    rest = rest.slice(lf + 1)
  }
}

/** Bytes that follow a line: n of `NEED n`, else 0. */
export function wantedAfter(line: string): number {
  return Number(/^NEED ([1-9]\d{0,4})$/.exec(line)?.[1] ?? 0)
}

/** The bytes in chunks, cut at these places (in any order, taken modulo the length). Each chunk is a copy of its own. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)))].sort(
    (a, b) => a - b,
  )
  return [0, ...cuts].map((from, index) => Buffer.from(bytes.subarray(from, cuts[index] ?? bytes.length)))
}

/** The bytes one at a time. */
export function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]))
}
