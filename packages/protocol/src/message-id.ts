// A message id: a 64-bit number, written as 16 lower-case hexadecimal digits (nsqd: guid.go).
//
//   [ time: 42 bits ][ node: 10 bits ][ sequence: 12 bits ]      time = (unix ns >> 20) - 1288834974288
//
// In memory it is two unsigned 32-bit halves, hi and lo: no string and no bigint on the hot path.
import { Buffer } from 'node:buffer'

/** Bytes of an id on the wire. */
export const MESSAGE_ID_SIZE = 16

/** The id's time 0, in units of 2^20 ns since the Unix epoch. */
export const MESSAGE_ID_EPOCH = 1288834974288n

const HALF_SIZE = MESSAGE_ID_SIZE / 2
const DIGITS = /* @__PURE__ */ Buffer.from('0123456789abcdef', 'latin1')
/** By the code of a character; -1: it is no digit. */
const VALUE_OF_DIGIT = /* @__PURE__ */ valuesOfDigits()

/** Upper 32 bits of the id at `offset`, or -1 when one of its first 8 bytes is no lower-case hexadecimal digit. */
export function parseIdHi(buf: Buffer, offset: number): number {
  return parseHalf(buf, offset)
}

/** Lower 32 bits of the id at `offset`, or -1 when one of its last 8 bytes is no lower-case hexadecimal digit. */
export function parseIdLo(buf: Buffer, offset: number): number {
  return parseHalf(buf, offset + HALF_SIZE)
}

/** Writes the 16 digits of an id at `offset`. */
export function writeMessageId(buf: Buffer, offset: number, hi: number, lo: number): void {
  writeHalf(buf, offset, hi)
  writeHalf(buf, offset + HALF_SIZE, lo)
}

/** The 16 digits of an id, as text. */
export function formatMessageId(hi: number, lo: number): string {
  return hi.toString(16).padStart(HALF_SIZE, '0') + lo.toString(16).padStart(HALF_SIZE, '0')
}

/** What an id tells. */
export interface MessageIdParts {
  /** Start of the time unit in which the id was made, in ns since the Unix epoch; a unit lasts 2^20 ns (1.05 ms). */
  timestampNs: bigint
  /** Node id of the nsqd, 0..1023 (its --node-id, modulo 1024). */
  nodeId: number
  /** Place within the time unit, 0..4095. */
  sequence: number
}

/**
 * Takes an id apart, for people and tools. Only ids made by nsqd mean something; any 16 digits are taken.
 * @returns undefined when `id` is not 16 lower-case hexadecimal digits
 */
export function describeMessageId(id: string): MessageIdParts | undefined {
  if (!/^[0-9a-f]{16}$/.test(id)) return undefined
  const value = BigInt(`0x${id}`)
  return {
    timestampNs: ((value >> 22n) + MESSAGE_ID_EPOCH) << 20n,
    nodeId: Number((value >> 12n) & 0x3ffn),
    sequence: Number(value & 0xfffn),
  }
}

function valuesOfDigits(): Int8Array {
  const values = new Int8Array(256).fill(-1)
  for (const [value, code] of DIGITS.entries()) values[code] = value
  return values
}

function parseHalf(buf: Buffer, offset: number): number {
  if (offset + HALF_SIZE > buf.length) return -1
  const a = VALUE_OF_DIGIT[buf[offset]!]!
  const b = VALUE_OF_DIGIT[buf[offset + 1]!]!
  const c = VALUE_OF_DIGIT[buf[offset + 2]!]!
  const d = VALUE_OF_DIGIT[buf[offset + 3]!]!
  const e = VALUE_OF_DIGIT[buf[offset + 4]!]!
  const f = VALUE_OF_DIGIT[buf[offset + 5]!]!
  const g = VALUE_OF_DIGIT[buf[offset + 6]!]!
  const h = VALUE_OF_DIGIT[buf[offset + 7]!]!
  // A -1 among them shows in the sign of their union; the number itself may use all 32 bits.
  if ((a | b | c | d | e | f | g | h) < 0) return -1
  return ((a << 28) | (b << 24) | (c << 20) | (d << 16) | (e << 12) | (f << 8) | (g << 4) | h) >>> 0
}

function writeHalf(buf: Buffer, offset: number, half: number): void {
  for (let digit = 0; digit < HALF_SIZE; digit++) {
    buf[offset + digit] = DIGITS[(half >>> (28 - 4 * digit)) & 15]!
  }
}
