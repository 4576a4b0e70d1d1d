// Snappy's framing format (google/snappy: framing_format.txt) over the blocks of the `snappy` package.
//
//   stream = [ ff 06 00 00 "sNaPpY" ] chunk...
//   chunk  = [ type: 1 ][ size of what follows: 3, little-endian ][ masked CRC-32C of the plain data: 4, LE ][ data ]
//   type   = 00 compressed, 01 plain, 80..fe to be skipped, ff the stream identifier again, 02..7f unknown: an error
//
// At most 65536 bytes of plain data a chunk.
import type { Layer, LayerEnds } from './layer.ts'

/** The two functions of `snappy` and the one of `@node-rs/crc32` that are used. */
export interface SnappyFunctions {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer
  crc32c(bytes: Buffer): number
}

const CHUNK_HEADER_SIZE = 4
const CHECKSUM_SIZE = 4
const PLAIN_SIZE_MAX = 65536
/** Largest compressed form of PLAIN_SIZE_MAX bytes: 32 + n + n / 6 (snappy.cc, MaxCompressedLength), and the checksum. */
const CHUNK_SIZE_MAX = CHECKSUM_SIZE + 32 + PLAIN_SIZE_MAX + Math.ceil(PLAIN_SIZE_MAX / 6)
const STREAM_IDENTIFIER = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59])
const ChunkType = { compressed: 0x00, plain: 0x01, firstSkippable: 0x80, identifier: 0xff } as const

/**
 * Loads what snappy needs, which only those who ask for it have to install.
 * @throws when `snappy` or `@node-rs/crc32` is not there
 */
export async function loadSnappy(): Promise<SnappyFunctions> {
  const [snappy, crc32] = await Promise.all([import('snappy'), import('@node-rs/crc32')])
  return {
    compressSync: (bytes) => snappy.compressSync(bytes),
    uncompressSync: (bytes) => snappy.uncompressSync(bytes, { asBuffer: true }) as Buffer,
    crc32c: (bytes) => crc32.crc32c(bytes),
  }
}

export class SnappyLayer implements Layer {
  readonly #ends: LayerEnds
  readonly #snappy: SnappyFunctions
  #rest: Buffer = Buffer.alloc(0)
  #identifierSent = false
  #identifierSeen = false
  #dead = false

  constructor(ends: LayerEnds, snappy: SnappyFunctions) {
    this.#ends = ends
    this.#snappy = snappy
  }

  write(bytes: Buffer): void {
    const pieces: Buffer[] = this.#identifierSent ? [] : [STREAM_IDENTIFIER]
    this.#identifierSent = true
    for (let from = 0; from < bytes.length; from += PLAIN_SIZE_MAX) {
      pieces.push(...this.#encodeChunk(bytes.subarray(from, from + PLAIN_SIZE_MAX)))
    }
    this.#ends.toSocket(Buffer.concat(pieces))
  }

  push(chunk: Buffer): void {
    // A chunk of the stream is at most 76 KiB, so what is joined here is bounded.
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let offset = 0
    try {
      while (!this.#dead && bytes.length - offset >= CHUNK_HEADER_SIZE) {
        const size = bytes.readUIntLE(offset + 1, 3)
        const type = bytes[offset]!
        if (size > CHUNK_SIZE_MAX && type < ChunkType.firstSkippable) throw new Error(`snappy chunk of ${size} bytes`)
        const end = offset + CHUNK_HEADER_SIZE + size
        if (end > bytes.length) break
        const data = bytes.subarray(offset + CHUNK_HEADER_SIZE, end)
        offset = end
        this.#decodeChunk(type, data)
      }
    } catch (error) {
      this.#ends.onLayerError(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#rest = Buffer.from(bytes.subarray(offset))
  }

  finish(done: () => void): void {
    done()
  }

  destroy(): void {
    this.#dead = true
  }

  #encodeChunk(plain: Buffer): Buffer[] {
    const compressed = this.#snappy.compressSync(plain)
    // As nsqd: stored plain unless at least an eighth is saved.
    const smaller = compressed.length < plain.length - Math.floor(plain.length / 8)
    const data = smaller ? compressed : plain
    const header = Buffer.allocUnsafe(CHUNK_HEADER_SIZE + CHECKSUM_SIZE)
    header[0] = smaller ? ChunkType.compressed : ChunkType.plain
    header.writeUIntLE(CHECKSUM_SIZE + data.length, 1, 3)
    header.writeUInt32LE(this.#checksum(plain), CHUNK_HEADER_SIZE)
    return [header, data]
  }

  #decodeChunk(type: number, data: Buffer): void {
    if (type === ChunkType.identifier) {
      if (!data.equals(STREAM_IDENTIFIER.subarray(CHUNK_HEADER_SIZE))) throw new Error('not a snappy stream')
      this.#identifierSeen = true
      return
    }
    if (!this.#identifierSeen) throw new Error('snappy stream without its identifier')
    if (type >= ChunkType.firstSkippable) return
    if (type !== ChunkType.compressed && type !== ChunkType.plain)
      throw new Error(`snappy chunk of unknown type ${type}`)
    if (data.length < CHECKSUM_SIZE) throw new Error('snappy chunk without checksum')
    const body = data.subarray(CHECKSUM_SIZE)
    if (plainSize(type, body) > PLAIN_SIZE_MAX) throw new Error('snappy chunk is too large')
    const plain = type === ChunkType.plain ? body : this.#snappy.uncompressSync(body)
    if (this.#checksum(plain) !== data.readUInt32LE(0)) throw new Error('snappy chunk has a wrong checksum')
    this.#ends.toFrames(plain)
  }

  #checksum(plain: Buffer): number {
    const crc = this.#snappy.crc32c(plain) >>> 0
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  }
}

/** Bytes that a chunk will have when it is plain: a compressed one starts with that, as a varint. */
function plainSize(type: number, body: Buffer): number {
  if (type === ChunkType.plain) return body.length
  let size = 0
  for (let index = 0; index < 5 && index < body.length; index++) {
    size += (body[index]! & 0x7f) * 2 ** (7 * index)
    if (body[index]! < 0x80) return size
  }
  throw new Error('snappy chunk without a size')
}
