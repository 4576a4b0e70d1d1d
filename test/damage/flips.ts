// A data path with something of everything, and what a flipped bit in one of its files may cost: read off the files by
// docs/log-format.md alone.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fin, rdy, sub } from '@nsq-ts/protocol'
import { publishBatches, publishEach } from '../support/backlog.ts'
import type { DataPath } from '../support/data-path.ts'
import { eventually } from '../support/eventually.ts'
import type { Random } from '../support/random.ts'

export const FLAGS = ['--max-bytes-per-file=60000', '--mem-queue-size=100']
export const CHANNELS = ['ahead', 'behind'] as const
const BATCH_COUNT = 120
const BATCH_MAX = 12
const DEFERRED_COUNT = 40
const DEFER_MS = 600_000
const FINISHED_COUNT = 200
const IN_FLIGHT_COUNT = 80
const WELL_AFTER_MS = 200

const FILE_HEADER_SIZE = 16
const BATCH_HEADER_SIZE = 28
const SIZE_OFFSET = 8
const KIND_OFFSET = 12
const COUNT_OFFSET = 16
/** Of batches that hold messages: plain ones and those with delays, each also with headers. */
const MESSAGE_KINDS = [0, 1, 4, 5]

export interface Expected {
  readonly published: ReadonlySet<string>
  /** What each channel has not finished. */
  readonly unfinished: Readonly<Record<(typeof CHANNELS)[number], readonly string[]>>
}

/** Fills a data path, and ends in kill -9. */
export async function fillDataPath(dataPath: DataPath, random: Random): Promise<Expected> {
  await using nsqd = await dataPath.start(FLAGS)
  await nsqd.http('POST', '/topic/create?topic=topic')
  for (const channel of CHANNELS) await nsqd.http('POST', `/channel/create?topic=topic&channel=${channel}`)
  const bodies: string[] = []
  const batches = Array.from({ length: BATCH_COUNT }, () =>
    Array.from({ length: 1 + random.below(BATCH_MAX) }, () => {
      const name = `message ${bodies.length} `
      bodies.push(name.repeat(1 + random.below(60)))
      return Buffer.from(bodies.at(-1)!)
    }),
  )
  await publishBatches(nsqd, 'topic', batches)
  const deferred = Array.from({ length: DEFERRED_COUNT }, (_, i) => `deferred ${i}`)
  await publishEach(nsqd, 'topic', deferred, DEFER_MS)
  using client = await nsqd.connect()
  client.send(sub('topic', 'ahead'), rdy(FINISHED_COUNT + IN_FLIGHT_COUNT))
  await client.ok()
  const ids: string[] = []
  while (ids.length < FINISHED_COUNT + IN_FLIGHT_COUNT) ids.push((await client.nextMessage()).id)
  client.send(rdy(0), ...ids.slice(0, FINISHED_COUNT).map(fin))
  await eventually(async () => (await nsqd.channel('topic', 'ahead')).in_flight_count === IN_FLIGHT_COUNT, {
    what: 'the rest is in flight',
  })
  await sleep(WELL_AFTER_MS)
  await nsqd.kill()
  const published = new Set([...bodies, ...deferred])
  return { published, unfinished: { ahead: [...published].slice(FINISHED_COUNT), behind: [...published] } }
}

export interface Flip {
  readonly file: string
  readonly offset: number
  readonly bit: number
  /** How many messages lie in the batch that it hits; 0 where it hits none. */
  readonly cost: number
}

/** Copies a data path, and flips a bit of one of the files that hold messages and what became of them. */
export function flipIn(from: string, to: string, random: Random): Flip {
  cpSync(from, to, { recursive: true })
  const folder = join(to, 'topic.topic')
  const file = join(folder, random.pick(readdirSync(folder).sort()))
  const bytes = readFileSync(file)
  // One in four hits a header: of the file, or where its index is said to be.
  const offset = random.chance(0.25) ? edgeOffset(bytes.length, random) : random.below(bytes.length)
  const bit = random.below(8)
  const cost = costAt(bytes, offset)
  bytes[offset]! ^= 1 << bit
  writeFileSync(file, bytes)
  return { file: basename(file), offset, bit, cost }
}

function edgeOffset(size: number, random: Random): number {
  return random.chance(0.5) ? random.below(FILE_HEADER_SIZE) : size - 1 - random.below(FILE_HEADER_SIZE)
}

function costAt(bytes: Buffer, offset: number): number {
  let at = FILE_HEADER_SIZE
  while (at + BATCH_HEADER_SIZE <= bytes.length && bytes.toString('latin1', at, at + 4) === 'NSQB') {
    const end = at + BATCH_HEADER_SIZE + bytes.readUInt32BE(at + SIZE_OFFSET)
    if (offset >= at && offset < end) {
      return MESSAGE_KINDS.includes(bytes.readUInt16BE(at + KIND_OFFSET)) ? bytes.readUInt32BE(at + COUNT_OFFSET) : 0
    }
    at = end
  }
  return 0
}
