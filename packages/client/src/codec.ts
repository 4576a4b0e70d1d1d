// Codecs: between the values of a program and the bytes of a message.
import { DecodeError, EncodeError, messageOf } from './errors.ts'

/** Turns values into message bodies. May throw; the error is kept as `cause`. */
export interface Encoder<In> {
  /** @returns at least one byte: nsqd refuses empty messages */
  encode(value: In): Uint8Array
}

/** Turns message bodies into values. May throw; the error is kept as `cause`. */
export interface Decoder<Out> {
  /** @param bytes the message's own: it may keep them */
  decode(bytes: Buffer): Out
}

/** Both ways. */
export interface Codec<In, Out = In> extends Encoder<In>, Decoder<Out> {}

/** JSON in UTF-8. `T` is a promise of yours: nothing checks it at run time; give `check` to have it checked. */
export function json<T = unknown>(check?: (value: unknown) => T): Codec<T> {
  return {
    encode(value) {
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`${typeof value} has no JSON`)
      return Buffer.from(text)
    },
    decode(bytes) {
      const value: unknown = JSON.parse(bytes.toString())
      return check === undefined ? (value as T) : check(value)
    },
  }
}

/** Text in UTF-8. */
export function text(): Codec<string> {
  return { encode: (value) => Buffer.from(value), decode: (bytes) => bytes.toString() }
}

/** Bytes as they are; strings are sent as UTF-8. What is used when no codec is given. */
export function bytes(): Codec<Uint8Array | string, Buffer> {
  return BYTES
}

const BYTES: Codec<Uint8Array | string, Buffer> = {
  encode(value) {
    if (typeof value === 'string') return Buffer.from(value)
    if (value instanceof Uint8Array) return value
    throw new TypeError(`a body is bytes or text; for ${typeof value} give the producer a codec, such as json()`)
  },
  decode: (body) => body,
}

/** @throws {EncodeError} */
export function encodeBody<In>(codec: Encoder<In>, value: In): Uint8Array {
  let body: Uint8Array
  try {
    body = codec.encode(value)
  } catch (error) {
    throw new EncodeError(`the body cannot be encoded: ${messageOf(error)}`, { cause: error })
  }
  if (body.length === 0) throw new EncodeError('nsqd takes no empty messages')
  return body
}

/** @throws {DecodeError} */
export function decodeBody<Out>(codec: Decoder<Out>, body: Buffer): Out {
  try {
    return codec.decode(body)
  } catch (error) {
    throw new DecodeError(`the body cannot be decoded: ${messageOf(error)}`, { cause: error })
  }
}
