/**
 * What belongs to a message beside its body, and is kept with it: names and values. A plain consumer is not told of it; its
 * bytes lie beside the frames, not in them.
 */
export type Headers = Readonly<Record<string, string>>

/** Headers of some messages of a batch: [ index in the batch: uint32 ][ size: uint32 ][ JSON object of strings ], one after another. */
const ENTRY_HEADER_SIZE = 8

export function encodeHeaders(headers: Headers): Buffer {
  return Buffer.from(JSON.stringify(headers))
}

/** Lays out the headers of the messages [from, to) of a segment, numbered from `from` on; undefined when they have none. */
export function packHeaders(headers: ReadonlyMap<number, Buffer>, from: number, to: number): Buffer | undefined {
  let size = 0
  for (let index = from; index < to; index++) {
    const bytes = headers.get(index)
    if (bytes !== undefined) size += ENTRY_HEADER_SIZE + bytes.length
  }
  if (size === 0) return undefined
  const packed = Buffer.allocUnsafe(size)
  let at = 0
  for (let index = from; index < to; index++) {
    const bytes = headers.get(index)
    if (bytes === undefined) continue
    at = packed.writeUInt32BE(index - from, at)
    at = packed.writeUInt32BE(bytes.length, at)
    at += bytes.copy(packed, at)
  }
  return packed
}

/** Reads what packHeaders has laid out in bytes[start, end), which a checksum has vouched for. */
export function unpackHeaders(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (index: number, headers: Buffer) => void,
): void {
  for (let at = start; at + ENTRY_HEADER_SIZE <= end;) {
    const next = at + ENTRY_HEADER_SIZE + bytes.readUInt32BE(at + 4)
    if (next > end) return
    visit(bytes.readUInt32BE(at), Buffer.from(bytes.subarray(at + ENTRY_HEADER_SIZE, next)))
    at = next
  }
}

/** The names and values; nothing but strings comes through. */
export function decodeHeaders(bytes: Buffer): Headers {
  const parsed: unknown = JSON.parse(bytes.toString())
  if (typeof parsed !== 'object' || parsed === null) return {}
  return Object.fromEntries(
    Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
