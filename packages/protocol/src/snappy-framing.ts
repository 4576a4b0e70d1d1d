// Snappy's framing format (google/snappy: framing_format.txt), in which nsqd and its clients compress a connection. The blocks
// in the chunks and their checksums come from a codec that is passed in. A door of its own (`@nsq-ts/protocol/snappy`), so that a
// program that bundles a client gets this only where it is asked for.
//
//   stream = [ ff 06 00 00 "sNaPpY" ] chunk*
//   chunk  = [ type: 1 byte ][ size: 3 bytes, little-endian ][ size bytes ]
//   type   = 00 compressed, 01 plain: [ masked CRC-32C of the plain bytes: 4, little-endian ][ at most 65536 plain bytes, or a block ]
//            80..fe are skipped, ff is the identifier again, 02..7f are errors
import { Buffer } from 'node:buffer'
import { Tail } from './tail.ts'

/** Snappy's block format and the checksum of its frames: the packages `snappy` and `@node-rs/crc32` have these. */
export interface SnappyCodec {
  compress(plain: Buffer): Buffer
  /** @throws {Error} for a damaged block */
  uncompress(block: Buffer): Buffer
  crc32c(bytes: Buffer): number
}

/** A stream that is not in the framing format, or is damaged; it cannot be read on. */
export class SnappyError extends Error {
  readonly code = 'ERR_NSQ_SNAPPY'

  constructor(detail: string, options?: ErrorOptions) {
    super(`snappy: ${detail}`, options)
    this.name = 'SnappyError'
  }
}

const CHUNK_HEADER_SIZE = 4
const CHECKSUM_SIZE = 4
/** The format's own limit for what a chunk may expand to. */
const PLAIN_SIZE_MAX = 65536
/** The longest block of PLAIN_SIZE_MAX bytes: 32 + n + n / 6 (snappy.cc: MaxCompressedLength). */
const BLOCK_SIZE_MAX = 32 + PLAIN_SIZE_MAX + Math.ceil(PLAIN_SIZE_MAX / 6)
const STREAM_IDENTIFIER = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59])
const IDENTIFIER_BODY = STREAM_IDENTIFIER.subarray(CHUNK_HEADER_SIZE)
const ChunkType = { compressed: 0x00, plain: 0x01, firstSkippable: 0x80, identifier: 0xff } as const

/** Encodes one direction of a connection. Nothing is held back: what was given can be decoded at once. */
export class SnappyEncoder {
  readonly #codec: SnappyCodec
  #started = false

  constructor(codec: SnappyCodec) {
    this.#codec = codec
  }

  /** @returns the chunks for `plain`, in bytes of their own; the first time with the stream identifier in front */
  encode(plain: Buffer): Buffer {
    const pieces: Buffer[] = this.#started ? [] : [STREAM_IDENTIFIER]
    this.#started = true
    for (let from = 0; from < plain.length; from += PLAIN_SIZE_MAX) {
      this.#encodeChunk(plain.subarray(from, from + PLAIN_SIZE_MAX), pieces)
    }
    return Buffer.concat(pieces)
  }

  #encodeChunk(plain: Buffer, pieces: Buffer[]): void {
    const block = this.#codec.compress(plain)
    // As the original: compressed only if that saves at least one eighth.
    const compressed = block.length < plain.length - Math.floor(plain.length / 8)
    const data = compressed ? block : plain
    const header = Buffer.allocUnsafe(CHUNK_HEADER_SIZE + CHECKSUM_SIZE)
    header[0] = compressed ? ChunkType.compressed : ChunkType.plain
    header.writeUIntLE(CHECKSUM_SIZE + data.length, 1, 3)
    header.writeUInt32LE(mask(this.#codec.crc32c(plain)), CHUNK_HEADER_SIZE)
    pieces.push(header, data)
  }
}

/**
 * Decodes one direction of a connection, however it is cut. What it holds is bounded by one chunk, and so is what one chunk
 * expands to; sizes are checked before anything is allocated, checksums before anything is handed out.
 */
export class SnappyDecoder {
  readonly #codec: SnappyCodec
  readonly #onPlain: (plain: Buffer) => void
  /** The beginning of the header or body that is awaited. */
  readonly #tail = new Tail()
  #closed = false
  #identified = false
  /** The chunk whose body is awaited; -1: a header is. */
  #type = -1
  /** Bytes of that header or body; at least 1. */
  #wanted = CHUNK_HEADER_SIZE
  /** Bytes of a chunk still to be skipped. */
  #skip = 0

  /** @param onPlain takes what the peer meant, in order; the bytes are borrowed until it returns */
  constructor(codec: SnappyCodec, onPlain: (plain: Buffer) => void) {
    this.#codec = codec
    this.#onPlain = onPlain
  }

  /**
   * The bytes are borrowed until return. Not to be called from within onPlain.
   * @throws {SnappyError} when the stream cannot be read on; later calls then do nothing
   */
  push(chunk: Buffer): void {
    try {
      for (let offset = 0; offset < chunk.length && !this.#closed;) offset = this.#step(chunk, offset)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Nothing is handed out from now on; also from within onPlain. */
  close(): void {
    this.#closed = true
    this.#tail.clear()
  }

  /** Skips, gathers or reads what lies at `offset`. @returns how far that went */
  #step(chunk: Buffer, offset: number): number {
    if (this.#skip > 0) {
      const end = Math.min(chunk.length, offset + this.#skip)
      this.#skip -= end - offset
      return end
    }
    const tail = this.#tail
    const end = Math.min(chunk.length, offset + this.#wanted - tail.size)
    if (end - offset === this.#wanted) {
      this.#read(chunk.subarray(offset, end))
      return end
    }
    tail.append(chunk, offset, end, this.#wanted)
    if (tail.size === this.#wanted) {
      const piece = tail.buffer.subarray(tail.start, tail.end)
      tail.clear() // the bytes stay where they are until something is appended, which is after they are read
      this.#read(piece)
    }
    return end
  }

  #read(piece: Buffer): void {
    const type = this.#type
    if (type < 0) return this.#readHeader(piece[0]!, piece.readUIntLE(1, 3))
    this.#type = -1
    this.#wanted = CHUNK_HEADER_SIZE
    if (type === ChunkType.identifier) this.#readIdentifier(piece)
    else this.#readData(type, piece)
  }

  #readHeader(type: number, size: number): void {
    if (!this.#identified && type !== ChunkType.identifier) throw new SnappyError('corrupt input')
    if (type === ChunkType.identifier) {
      if (size !== IDENTIFIER_BODY.length) throw new SnappyError('corrupt input')
    } else if (type >= ChunkType.firstSkippable) {
      this.#skip = size
      return
    } else if (type !== ChunkType.compressed && type !== ChunkType.plain) {
      throw new SnappyError('unsupported input')
    } else if (size < CHECKSUM_SIZE || size > CHECKSUM_SIZE + dataSizeMax(type)) {
      throw new SnappyError('corrupt input')
    }
    this.#type = type
    this.#wanted = size
  }

  #readIdentifier(body: Buffer): void {
    if (!body.equals(IDENTIFIER_BODY)) throw new SnappyError('corrupt input')
    this.#identified = true
  }

  #readData(type: number, piece: Buffer): void {
    const checksum = piece.readUInt32LE(0)
    const data = piece.subarray(CHECKSUM_SIZE)
    const plain = type === ChunkType.plain ? data : this.#uncompress(data)
    if (mask(this.#codec.crc32c(plain)) !== checksum) throw new SnappyError('corrupt input')
    if (plain.length > 0) this.#onPlain(plain)
  }

  #uncompress(block: Buffer): Buffer {
    const size = plainSize(block)
    if (!(size <= PLAIN_SIZE_MAX)) throw new SnappyError('unsupported input')
    let plain: Buffer
    try {
      plain = this.#codec.uncompress(block)
    } catch (cause) {
      throw new SnappyError('corrupt input', { cause })
    }
    if (plain.length !== size) throw new SnappyError('corrupt input')
    return plain
  }
}

function dataSizeMax(type: number): number {
  return type === ChunkType.plain ? PLAIN_SIZE_MAX : BLOCK_SIZE_MAX
}

/** What a block expands to: it starts with that, as a varint of at most five bytes. NaN when there is none. */
function plainSize(block: Buffer): number {
  let size = 0
  for (let index = 0; index < 5 && index < block.length; index++) {
    size += (block[index]! & 0x7f) * 2 ** (7 * index)
    if (block[index]! < 0x80) return size
  }
  return Number.NaN
}

/** The format rotates checksums and adds a constant, so that a checksum of data with checksums in it stays good. */
function mask(crc: number): number {
  const unsigned = crc >>> 0
  return (((unsigned >>> 15) | (unsigned << 17)) + 0xa282ead8) >>> 0
}
