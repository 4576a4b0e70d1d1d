// What fuzzed clients say: valid conversations, and what becomes of them when bytes are changed.
import { constants, deflateRawSync } from 'node:zlib'
import { CLS, dpub, fin, identify, MAGIC_V2, mpub, NOP, pub, rdy, req, sub, touch } from '@nsq-ts/protocol'
import { type HeadedBody, hmpub, hpub, type PublishTime } from '@nsq-ts/protocol/headers'
import type { Random } from '../support/random.ts'

const TOPICS = ['fuzz', 'fuzz2', 'fuzz#ephemeral', 'f'.repeat(64)]
const CHANNELS = ['ch', 'ch#ephemeral', 'c'.repeat(64)]
/** Values that sizes and counts are replaced by: borders of int32, of limits, and of what is there. */
const SIZES = [
  0, 1, 2, 4, 5, 255, 1024, 16384, 65536, 1048576, 1048577, 5242880, 5242881, 1048575, 0x7fffffff, -1, -5, -0x80000000,
]
const NUMBERS = [
  '',
  '0',
  '1',
  '2500',
  '2501',
  '-1',
  '+1',
  '1.5',
  'x',
  '3600000',
  '3600001',
  '18446744073709551616',
  '9'.repeat(40),
]
const MUTATIONS_MAX = 4
const RANDOM_SIZE_MAX = 600

/** The bytes of one client, from the magic to its last word. */
export function conversation(random: Random): Buffer {
  if (random.chance(0.1)) return randomBytes(random)
  const parts = validConversation(random)
  if (random.chance(0.1)) return Buffer.concat(parts)
  let bytes: Buffer = Buffer.concat(random.chance(0.3) ? shuffle(random, parts) : parts)
  for (let count = 1 + random.below(MUTATIONS_MAX); count > 0; count--) bytes = mutate(random, bytes)
  return bytes
}

function validConversation(random: Random): Buffer[] {
  if (random.chance(0.1)) return compressedConversation(random)
  const parts: Buffer[] = [MAGIC_V2]
  if (random.chance(0.6)) parts.push(identify(identity(random)))
  if (random.chance(0.4)) parts.push(sub(random.pick(TOPICS), random.pick(CHANNELS)), rdy(random.below(50)))
  for (let count = random.below(8); count > 0; count--) parts.push(command(random))
  return parts
}

/** Negotiates deflate, or snappy in its framing format with chunks that say they are not compressed. */
function compressedConversation(random: Random): Buffer[] {
  const deflate = random.chance(0.5)
  const commands = Buffer.concat(Array.from({ length: 1 + random.below(8) }, () => command(random)))
  const upgrade = identify({ feature_negotiation: true, deflate, snappy: !deflate, tls_v1: random.chance(0.05) })
  return [MAGIC_V2, upgrade, deflate ? deflated(random, commands) : snappyChunks(random, commands)]
}

/** Now and then what takes little room here is more than anybody may send. */
function deflated(random: Random, commands: Buffer): Buffer {
  const bomb = random.chance(0.05) ? Buffer.alloc(20_000_000, random.pick(['x', '\n', 'NOP\n'])) : Buffer.alloc(0)
  return deflateRawSync(Buffer.concat([commands, bomb]), { finishFlush: constants.Z_SYNC_FLUSH })
}

function snappyChunks(random: Random, commands: Buffer): Buffer {
  const chunks: Buffer[] = [Buffer.from([0xff, 6, 0, 0]), Buffer.from('sNaPpY')]
  for (let at = 0; at < commands.length; at += 60_000) {
    const plain = commands.subarray(at, at + 60_000)
    const header = Buffer.alloc(8)
    header.writeUInt32LE((plain.length + 4) * 256 + random.pick([0, 1, 1, 1, 1, 2, 0x80, 0xff]))
    header.writeUInt32LE(random.chance(0.9) ? maskedCrc32c(plain) : random.below(2 ** 32), 4)
    chunks.push(header, plain)
  }
  return Buffer.concat(chunks)
}

/** The checksum of snappy's framing format, bit by bit. */
function maskedCrc32c(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  crc = ~crc >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function identity(random: Random): object {
  const some: Record<string, unknown> = { client_id: 'fuzz', feature_negotiation: random.chance(0.5) }
  if (random.chance(0.3)) some['heartbeat_interval'] = random.pick([-1, 0, 999, 1000, 60_000, 60_001])
  if (random.chance(0.3)) some['msg_timeout'] = random.pick([0, 1000, 900_000, 900_001, 1.5, '1', null])
  if (random.chance(0.3)) some['output_buffer_size'] = random.pick([-1, 0, 63, 64, 65_536, 65_537])
  if (random.chance(0.3)) some['output_buffer_timeout'] = random.pick([-1, 0, 24, 25, 30_000, 30_001])
  if (random.chance(0.6)) some['message_headers'] = random.pick([true, true, true, false, 1])
  if (random.chance(0.3)) some['depth_hint'] = random.pick([true, false, null])
  if (random.chance(0.3)) some['sample_rate'] = random.pick([-1, 0, 1, 99, 100])
  return some
}

function command(random: Random): Buffer {
  const topic = random.pick(TOPICS)
  const id = random.chance(0.5) ? '0123456789abcdef' : random.bytes(16).toString('latin1')
  const number = random.pick(NUMBERS)
  const choices: readonly (() => Buffer)[] = [
    () => NOP,
    () => CLS,
    () => rdy(random.below(3000)),
    () => line(`RDY ${number}`),
    () => fin(id),
    () => req(id, random.below(1000)),
    () => line(`REQ ${id} ${number}`),
    () => touch(id),
    () => sub(topic, random.pick(CHANNELS)),
    () => pub(topic, body(random)),
    () => pub(topic, body(random)),
    () => dpub(topic, random.below(500), body(random)),
    () => Buffer.concat([line(`DPUB ${topic} ${number}`), sized(body(random))]),
    () =>
      mpub(
        topic,
        Array.from({ length: 1 + random.below(20) }, () => body(random)),
      ),
    () =>
      mpub(
        topic,
        Array.from({ length: 1 + random.below(20) }, () => body(random)),
      ),
    () => hpub(topic, headed(random), time(random)),
    () =>
      hmpub(
        topic,
        Array.from({ length: 1 + random.below(20) }, () => headed(random)),
        time(random),
      ),
    () => Buffer.concat([line(`HPUB ${topic} ${random.pick(['', '@'])}${number}`), sized(body(random))]),
    () => Buffer.concat([line('AUTH'), sized(body(random))]),
    () => line(random.bytes(random.below(40)).toString('latin1')),
  ]
  return random.pick(choices)()
}

function headed(random: Random): HeadedBody {
  const text = random.pick([
    '',
    '{}',
    '{"a":"1"}',
    '{"a":"1","b":"\\u00fc"}',
    '{"a":1}',
    '{"A":""}',
    '{"a":"1"',
    '[]',
    '\0',
  ])
  return { block: Buffer.from(text), body: body(random) }
}

function time(random: Random): PublishTime | undefined {
  if (random.chance(0.5)) return undefined
  return random.pick<PublishTime>([{ delayMs: random.below(500) }, { dueWallMs: 1_700_000_000_000 }])
}

function body(random: Random): Buffer {
  return Buffer.alloc(1 + random.below(random.chance(0.02) ? 100_000 : 200), 'b')
}

function line(text: string): Buffer {
  return Buffer.from(`${text}\n`, 'latin1')
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([int32(bytes.length), bytes])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function randomBytes(random: Random): Buffer {
  const bytes = random.bytes(random.below(RANDOM_SIZE_MAX))
  return random.chance(0.7) ? Buffer.concat([MAGIC_V2, bytes]) : bytes
}

function shuffle(random: Random, parts: Buffer[]): Buffer[] {
  const [magic = MAGIC_V2, ...rest] = parts
  return [
    magic,
    ...rest
      .map((part) => ({ part, key: random.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ part }) => part),
  ]
}

/** Changes one thing. The magic is mostly spared: what comes after it is the larger half of the protocol. */
function mutate(random: Random, bytes: Buffer): Buffer {
  const from = random.chance(0.95) ? Math.min(MAGIC_V2.length, bytes.length) : 0
  const at = from + random.below(Math.max(1, bytes.length - from))
  const end = Math.min(bytes.length, at + 1 + random.below(64))
  const before = bytes.subarray(0, at)
  const choices: readonly (() => Buffer)[] = [
    () => flip(bytes, at, 1 << random.below(8)),
    () => flip(bytes, at, 1 + random.below(255)),
    () => before, // cut
    () => Buffer.concat([before, bytes.subarray(end)]),
    () => Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]), // repeated
    () => Buffer.concat([before, random.bytes(1 + random.below(32)), bytes.subarray(at)]),
    () => Buffer.concat([before, int32(random.pick(SIZES)), bytes.subarray(Math.min(bytes.length, at + 4))]),
    () => replaceSize(random, bytes),
    () => replaceSize(random, bytes),
    () => Buffer.concat([before, Buffer.from(random.pick(NUMBERS)), bytes.subarray(at)]),
    () => Buffer.concat([before, Buffer.alloc(random.below(20_000), 'x'), bytes.subarray(at)]), // past the line's limit
  ]
  return random.pick(choices)()
}

function flip(bytes: Buffer, at: number, bits: number): Buffer {
  const flipped = Buffer.from(bytes)
  if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ bits
  return flipped
}

/** A size field follows a line end: one of those becomes another size. */
function replaceSize(random: Random, bytes: Buffer): Buffer {
  const ends: number[] = []
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) ends.push(at + 1)
  if (ends.length === 0) return bytes
  const at = random.pick(ends) + (random.chance(0.3) ? 4 : 0) // or the count of an MPUB behind it
  return Buffer.concat([bytes.subarray(0, at), int32(random.pick(SIZES)), bytes.subarray(at + 4)])
}
