import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandReader, type CommandHandler } from '../src/index.ts'

// A list whose length shows only while it is read: [ count: uint8 ] ( [ size: uint8 ][ bytes ] ) * count, after a line.
class ListReader implements CommandHandler {
  readonly lists: string[][] = []
  readonly lines: string[] = []
  readonly reader = new CommandReader(this)
  #looked = 0
  #bounds: number[] = []

  onLine(buf: Buffer, start: number, end: number): void {
    this.lines.push(buf.toString('latin1', start, end))
    this.#looked = 1
    this.#bounds = []
    this.reader.need(1)
  }

  onBytes(buf: Buffer, start: number, end: number): void {
    const count = buf[start]!
    const available = this.reader.availableEnd - start
    expect(this.reader.availableEnd).toBeGreaterThanOrEqual(end)
    let at = this.#looked
    while (this.#bounds.length < 2 * count) {
      const itemEnd = at < available ? at + 1 + buf[start + at]! : at + 1
      if (at >= available || itemEnd > available) {
        this.#looked = at
        return this.reader.needAgain(itemEnd)
      }
      this.#bounds.push(at + 1, itemEnd)
      at = itemEnd
    }
    this.#looked = at
    if (start + at !== end) return this.reader.needAgain(at)
    const list: string[] = []
    for (let i = 0; i < this.#bounds.length; i += 2) {
      list.push(buf.toString('latin1', start + this.#bounds[i]!, start + this.#bounds[i + 1]!))
    }
    this.lists.push(list)
  }
}

const item = fc.string({ unit: fc.constantFrom('a', '\n', '\0', 'P'), maxLength: 40 })
const list = fc.array(item, { maxLength: 30 })

function encode(lists: string[][]): Buffer {
  const parts = lists.flatMap((items, i) => [
    Buffer.from(`L${i}\n`),
    Buffer.from([items.length]),
    ...items.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])),
  ])
  return Buffer.concat(parts)
}

test('pieces that grow while they are read come whole, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(list, { maxLength: 5 }), fc.array(fc.nat(60)), (lists, sizes) => {
      const bytes = encode(lists)
      const handler = new ListReader()
      let at = 0
      for (let i = 0; at < bytes.length; i++) {
        const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 1)
        handler.reader.push(Buffer.from(bytes.subarray(at, at + size)))
        at += size
      }
      expect(handler.lists).toEqual(lists)
      expect(handler.lines).toEqual(lists.map((_, i) => `L${i}`))
      expect(handler.reader.buffered).toBe(0)
    }),
    { numRuns: 2000 },
  )
})
