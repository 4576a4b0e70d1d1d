import { expect, test } from 'vitest'
import { BatchKind, batches, messageParts } from '../../src/log/batch.ts'
import { FILE_HEADER_SIZE } from '../../src/log/data-file.ts'
import { TopicUnavailableError } from '../../src/core/topic.ts'
import { readFrames } from '../core/support/frame.ts'
import { below, seeded } from '../core/support/seeded.ts'
import { type Drained, type Stored, storedBroker, Successor } from './support/stored-broker.ts'

/** What a disk gives up at the least (log/readable.ts). */
const BLOCK_SIZE = 4096
/** What cannot be read as a whole is asked for again for two minutes (log/log-store.ts). */
const GIVEN_UP_MS = 150_000
const STORES = 3
const PLACES = 40

test('a place that cannot be read costs the batches it lies in, is counted and logged, and its file is kept', () => {
  let costly = 0
  for (let seed = 1; seed <= STORES; seed++) {
    const random = seeded(seed)
    const stored = storedBroker(seed)
    const whole = new Successor(stored, stored.disk.copy(), stored.endMs).drain()
    for (let i = 0; i < PLACES; i++) {
      const disk = stored.disk.copy()
      const paths = [...disk.sizes()].filter(([, size]) => size > 0)
      const [path, size] = paths[below(random, paths.length)]!
      const from = below(random, size)
      disk.spoil(path, from, Math.min(size, from + 1 + below(random, 600)))
      const where = `store ${seed}, ${path}, from ${from} on`
      const before = Buffer.from(disk.contents(path))
      const successor = new Successor(stored, disk, stored.endMs)
      const lost = lostOf(whole, successor.drain(GIVEN_UP_MS))
      const block = from - (from % BLOCK_SIZE)
      const mayBeLost = bodiesIn(before, block, block + 2 * BLOCK_SIZE)
      for (const body of lost) if (!mayBeLost.includes(body)) expect.fail(`${where}: ${body} is lost`)
      if (lost.length === 0) continue
      const kept = [...disk.sizes().keys()].filter((name) => name.startsWith(path))
      if (!kept.some((name) => disk.contents(name).equals(before))) expect.fail(`${where}: it was not kept as it was`)
      const { logged, stores } = successor.broker
      // Of a segment of which nothing can be read the messages are asked for again and again: the disk may be back.
      if (heldCount(successor) >= lost.length) continue
      costly++
      if (stores.damagedCount === 0) expect.fail(`${where}: nothing was counted`)
      if (!logged.some((line) => line.includes(path))) expect.fail(`${where}: no word of ${path} in the log`)
    }
  }
  expect(costly).toBeGreaterThan(20) // else the test would not test much
})

test.each(['EIO'] as const)('whatever call of the start meets %s once, what does not come is kept on disk', (code) => {
  for (let seed = 1; seed <= STORES; seed++) {
    const stored = storedBroker(seed)
    const whole = new Successor(stored, stored.disk.copy(), stored.endMs).drain()
    const calls = callsOfStart(stored)
    for (let at = 1; at <= calls; at++) {
      const disk = stored.disk.copy()
      disk.shortness = 0
      disk.planned = { at, what: code }
      const lost = lostOf(whole, new Successor(stored, disk, stored.endMs).drain())
      const kept = [...disk.sizes().keys()]
        .filter((path) => path.includes('.damaged'))
        .map((path) => disk.contents(path))
      for (const body of lost) {
        if (!kept.some((bytes) => bytes.includes(body))) expect.fail(`store ${seed}, call ${at}: ${body} is lost`)
      }
    }
  }
})

test('a topic whose folder cannot be read is not available, and the others are; later it has all it had', () => {
  const stored = storedBroker(2)
  const whole = new Successor(stored, stored.disk.copy(), stored.endMs).drain()
  const disk = stored.disk.copy()
  disk.shortness = 0
  for (const path of disk.sizes().keys()) if (path.includes('/clicks.')) disk.spoil(path, 0, Infinity)
  // Nothing there can be renamed either.
  disk.faults.push({ code: 'EIO', kinds: ['rename'], after: 0, count: Infinity })
  const before = new Map(Array.from(disk.sizes().keys(), (path) => [path, Buffer.from(disk.contents(path))]))
  const successor = new Successor(stored, disk, stored.endMs)
  const clicks = successor.broker.registry.get('clicks')!
  const body = Buffer.from('new')
  expect(() => clicks.publish(body, 0, body.length)).toThrow(TopicUnavailableError)
  expect(successor.broker.stores.unavailableCount).toBe(1)
  expect(successor.broker.logged.some((line) => line.includes('clicks'))).toBe(true)
  const came = successor.drain()
  for (const [channel, frames] of whole) {
    const count = channel.startsWith('clicks/') ? 0 : frames.length
    expect([channel, came.get(channel)?.length]).toEqual([channel, count])
  }
  expect(successor.broker.registry.shutDown()).toEqual([])
  for (const [path, bytes] of before) {
    if (path.includes('/clicks.') && !disk.contents(path).equals(bytes)) expect.fail(`${path} has changed`)
  }
})

/** Messages that the channels have, whether or not they can be read. */
function heldCount({ broker }: Successor): number {
  let count = 0
  for (const { channels } of broker.registry.topics()) {
    for (const { deferredCount, depth } of channels.values()) count += deferredCount + depth
  }
  return count
}

/** How many calls of the disk there are until it is open. */
function callsOfStart(stored: Stored): number {
  const disk = stored.disk.copy()
  disk.shortness = 0
  const { broker } = new Successor(stored, disk, stored.endMs)
  expect(broker.stores.damagedCount).toBe(0)
  return disk.calls
}

/** Bodies that came to a channel and do not any more. */
function lostOf(whole: Drained, now: Drained): string[] {
  const lost: string[] = []
  for (const [channel, frames] of whole) {
    const came = new Set((now.get(channel) ?? []).map(({ body }) => body.toString('latin1')))
    for (const { body } of frames) if (!came.has(body.toString('latin1'))) lost.push(body.toString('latin1'))
  }
  return lost
}

/** Bodies of the batches of a file that overlap a stretch of it. */
function bodiesIn(bytes: Buffer, from: number, to: number): string[] {
  const bodies: string[] = []
  for (const batch of batches(bytes, FILE_HEADER_SIZE, bytes.length, () => {})) {
    if (batch.end <= from || batch.start >= to || batch.kind === BatchKind.index || batch.kind === BatchKind.journal)
      continue
    const { framesStart } = messageParts(bytes, batch)!
    for (const { body } of readFrames(bytes.subarray(framesStart, batch.end))) bodies.push(body.toString('latin1'))
  }
  return bodies
}
