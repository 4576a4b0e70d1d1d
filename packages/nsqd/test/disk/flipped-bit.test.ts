import { expect, test } from 'vitest'
import { type Batch, BatchKind, batches } from '../../src/log/batch.ts'
import { FILE_HEADER_SIZE } from '../../src/log/data-file.ts'
import { below, seeded } from '../core/support/seeded.ts'
import { type Frame, readFrames } from '../core/support/frame.ts'
import type { SimDisk } from './support/sim-disk.ts'
import { type Drained, type Stored, storedBroker, Successor } from './support/stored-broker.ts'

// NSQ_FLIPS=<n> flips as many as you have time for.
const FLIPS = Number(process.env['NSQ_FLIPS'] ?? 2000)
const FLIPS_PER_STORE = 100
const DELAY_SIZE = 8

test(
  'a flipped bit costs at most its batch, is counted and logged, and nobody gets a wrong body',
  { timeout: 3_600_000 },
  () => {
    let costly = 0
    for (let seed = 1; seed <= FLIPS / FLIPS_PER_STORE; seed++) {
      const random = seeded(seed)
      const stored = storedBroker(seed)
      const whole = new Successor(stored, stored.disk.copy(), stored.endMs).drain()
      const ids = idsOn(stored.disk)
      for (let i = 0; i < FLIPS_PER_STORE; i++) {
        const flip = anyBit(stored.disk, random)
        const where = `store ${seed}, ${flip.path}, byte ${flip.byte}, bit ${flip.bit}`
        if (lose(stored, whole, ids, flip, where) > 0) costly++
      }
    }
    expect(costly).toBeGreaterThan(FLIPS / 20) // else the test would not test much
    // A batch that claims to go on behind the end of its file looks like a write that was cut short, and only like that.
    expect(cutShort).toBeLessThan(costly / 50)
  },
)

/** Files that were not kept although something in them was lost. */
let cutShort = 0

/** Where it was, or aside. */
function isKept(disk: SimDisk, path: string, bytes: Buffer): boolean {
  return [...disk.sizes().keys()].some((name) => name.startsWith(path) && disk.contents(name).equals(bytes))
}

interface Flip {
  readonly path: string
  readonly byte: number
  readonly bit: number
}

/** Every byte of every file is as likely. */
function anyBit(disk: SimDisk, random: () => number): Flip {
  const sizes = [...disk.sizes()]
  const total = sizes.reduce((sum, [, size]) => sum + size, 0)
  let at = below(random, total)
  const [path] = sizes.find(([, size]) => (at -= size) < 0)!
  return { path, byte: at + disk.contents(path).length, bit: below(random, 8) }
}

/** Starts a broker on a disk with that bit flipped. @returns how many messages did not come that should have */
function lose(
  stored: Stored,
  whole: Drained,
  ids: ReadonlyMap<string, string>,
  { path, byte, bit }: Flip,
  where: string,
): number {
  const disk = stored.disk.copy()
  const mayBeLost = bodiesAt(disk.contents(path), byte)
  disk.flip(path, byte, bit)
  const flipped = Buffer.from(disk.contents(path))
  // The clock was set back to where the life before began: ids would come again if they did not go on.
  const successor = new Successor(stored, disk, stored.startMs)
  successor.publish('new')
  const { logged, stores } = successor.broker
  const drained = successor.drain()
  const taken = new Set(ids.values())
  let lost = 0
  for (const [channel, frames] of drained) {
    for (const { body, id } of frames) {
      const text = body.toString('latin1')
      if (text === 'new' ? taken.has(id) : ids.get(text) !== id)
        expect.fail(`${where}: ${text} came to ${channel} as ${id}`)
    }
    const came = new Set(frames.map(({ body }) => body.toString('latin1')))
    for (const { body } of whole.get(channel)!) {
      const text = body.toString('latin1')
      if (came.has(text)) continue
      if (!mayBeLost.includes(text)) expect.fail(`${where}: ${channel} has lost ${text}`)
      lost++
    }
  }
  if (lost > 0) {
    if (stores.damagedCount === 0) expect.fail(`${where}: nothing was counted`)
    if (!logged.some((line) => line.includes(path))) expect.fail(`${where}: no word of ${path} in the log`)
    if (!isKept(disk, path, flipped)) cutShort++
  }
  return lost
}

/** The messages of the batch in which a byte lies; none in that of a journal, an index, or in what is no batch. */
function bodiesAt(bytes: Buffer, byte: number): string[] {
  for (const batch of batches(bytes, FILE_HEADER_SIZE, bytes.length, () => {})) {
    if (byte < batch.end) return bodiesOf(bytes, batch)
  }
  return []
}

function bodiesOf(bytes: Buffer, batch: Batch): string[] {
  return framesOf(bytes, batch).map(({ body }) => body.toString('latin1'))
}

function framesOf(bytes: Buffer, { count, end, kind, start }: Batch): Frame[] {
  if (kind !== BatchKind.messages && kind !== BatchKind.scheduled) return []
  return readFrames(bytes.subarray(start + (kind === BatchKind.scheduled ? count * DELAY_SIZE : 0), end))
}

/** The ids of all messages there are, by their bodies: also those that are finished may come again, where it is forgotten. */
function idsOn(disk: SimDisk): Map<string, string> {
  const ids = new Map<string, string>()
  for (const path of disk.sizes().keys()) {
    const bytes = disk.contents(path)
    for (const batch of batches(bytes, FILE_HEADER_SIZE, bytes.length, () => {})) {
      for (const { body, id } of framesOf(bytes, batch)) ids.set(body.toString('latin1'), id)
    }
  }
  return ids
}
