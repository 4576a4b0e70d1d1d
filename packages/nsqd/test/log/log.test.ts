import { expect, test } from 'vitest'
import { SimClock } from '../core/support/sim-clock.ts'
import { readFrames } from '../core/support/frame.ts'
import { BlockPool } from '../../src/log/block-pool.ts'
import { Log, LogKind } from '../../src/log/log.ts'
import { MessageHeaders } from '../../src/log/message-header.ts'
import type { Segment } from '../../src/log/segment.ts'

const BLOCK_SIZE = 16384

class Fixture {
  readonly log = new Log(LogKind.topic, new BlockPool(BLOCK_SIZE, 4))
  readonly headers = new MessageHeaders(new SimClock(), 1)

  append(size: number): Segment {
    this.headers.stamp()
    this.log.append(this.headers, Buffer.alloc(size, 'x'), 0, size)
    this.log.commit()
    return this.log.segments.at(-1)!
  }

  /** Hands all out to as many holders. */
  distribute(holders: number): void {
    this.log.hold(0, this.log.tail, holders)
    this.log.raiseFloorHeld(this.log.tail)
  }
}

test('segments grow from small to the size of a block, and a larger message gets one of its own', () => {
  const { log, append } = bound(new Fixture())
  for (let i = 0; i < 100; i++) append(1000)
  append(3 * BLOCK_SIZE)
  append(1)
  expect(log.segments.map((segment) => segment.capacity)).toEqual([
    4096,
    8192,
    ...Array.from({ length: log.segments.length - 4 }, () => BLOCK_SIZE),
    3 * BLOCK_SIZE + 34,
    BLOCK_SIZE,
  ])
  expect(log.size).toBe(log.segments.reduce((sum, segment) => sum + segment.capacity, 0))
})

test('a message that fills a segment to the last byte fits', () => {
  const { log, append } = bound(new Fixture())
  append(1000)
  append(4096 - 1000 - 2 * 34)
  expect(log.segments.map((segment) => [segment.capacity, segment.end])).toEqual([[4096, 4096]])
})

test('any position is found in its segment, also between segments that are gone', () => {
  const fixture = new Fixture()
  const { log } = fixture
  const segments = Array.from({ length: 1000 }, () => fixture.append(100))
  fixture.distribute(1)
  for (const [position, segment] of segments.entries()) expect(log.segmentAt(position)).toBe(segment)
  for (const gone of [...log.segments].filter((_, i) => i % 2 === 1)) log.release(gone.base, gone.tail)
  for (const [position, segment] of segments.entries()) {
    if (segment.pending > 0) expect(log.segmentAt(position)).toBe(segment)
  }
})

test('a range is held and released in the segments that it overlaps, and in no other', () => {
  const fixture = new Fixture()
  const { log } = fixture
  for (let i = 0; i < 1000; i++) fixture.append(100)
  fixture.distribute(1)
  const before = log.segments.map((segment) => segment.pending)
  const middle = log.segments[2]!
  log.hold(middle.base + 1, middle.tail + 1, 2)
  const held = log.segments.map((segment) => segment.pending)
  expect(held.map((pending, i) => pending - before[i]!)).toEqual(
    before.map((_, i) => (i === 2 ? 2 * (middle.count - 1) : i === 3 ? 2 : 0)),
  )
  log.hold(5, 5, 3)
  expect(log.segments.map((segment) => segment.pending)).toEqual(held)
  for (let i = 0; i < 2; i++) log.release(middle.base + 1, middle.tail + 1)
  expect(log.segments.map((segment) => segment.pending)).toEqual(before)
})

test('a log that is consumed as fast as it is filled keeps to one segment', () => {
  const fixture = new Fixture()
  const { log } = fixture
  for (let i = 0; i < 5000; i++) {
    const segment = fixture.append(100)
    log.hold(log.tail - 1, log.tail, 1)
    log.raiseFloorHeld(log.tail)
    segment.release(1)
    expect(log.segments.length).toBeLessThanOrEqual(1)
  }
  log.trim()
  expect(log.size).toBe(0)
})

test('nothing is reclaimed that was not handed out', () => {
  const fixture = new Fixture()
  const { log } = fixture
  for (let i = 0; i < 1000; i++) fixture.append(100)
  const count = log.segments.length
  log.trim()
  expect(log.segments.length).toBe(count)
  log.raiseFloor(log.segments[3]!.tail)
  expect(log.segments.length).toBe(count - 4)
  log.raiseFloor(log.tail)
  log.trim()
  expect(log.size).toBe(0)
})

test('a copy of a message is the same frame', () => {
  const fixture = new Fixture()
  const source = fixture.append(77)
  const copies = new Log(LogKind.topic, new BlockPool(BLOCK_SIZE, 4))
  const target = copies.appendCopy(source, 0)
  expect(readFrames(target.bytes.subarray(0, target.end))).toEqual(readFrames(source.bytes.subarray(0, source.end)))
  expect([target.idHi(0), target.idLo(0)]).toEqual([source.idHi(0), source.idLo(0)])
})

/** The fixture with its methods free to be taken out. */
function bound(fixture: Fixture): { log: Log; append: (size: number) => Segment } {
  return { log: fixture.log, append: (size) => fixture.append(size) }
}
