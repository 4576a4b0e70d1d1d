/** A message frame as a client reads it. */
export interface Frame {
  readonly timestampNs: bigint
  readonly attempts: number
  readonly id: string
  readonly body: Buffer
}

/** Takes apart whole message frames, one after another; the bodies are copies. @throws when they are not that */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at < bytes.length) {
    const size = bytes.readUInt32BE(at)
    const end = at + 4 + size
    if (end > bytes.length) throw new Error(`a frame of ${size} bytes ends after the run`)
    if (bytes.readUInt32BE(at + 4) !== 2) throw new Error('not a message frame')
    const id = bytes.toString('latin1', at + 18, at + 34)
    if (!/^[0-9a-f]{16}$/.test(id)) throw new Error(`id ${JSON.stringify(id)}`)
    frames.push({
      timestampNs: bytes.readBigInt64BE(at + 8),
      attempts: bytes.readUInt16BE(at + 16),
      id,
      body: Buffer.from(bytes.subarray(at + 34, end)),
    })
    at = end
  }
  return frames
}

export function idHi(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16)
}

export function idLo(id: string): number {
  return Number.parseInt(id.slice(8), 16)
}
