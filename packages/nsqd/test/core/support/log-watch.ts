import { Log } from '../../../src/log/log.ts'

/** Sees every log that something is appended to while it watches, so that a test can look at segments that are private. */
export class LogWatch implements Disposable {
  readonly logs = new Set<Log>()
  // oxlint-disable-next-line typescript/unbound-method -- called on the log that it is called on
  readonly #append = Log.prototype.append
  // oxlint-disable-next-line typescript/unbound-method -- as above
  readonly #appendCopy = Log.prototype.appendCopy

  constructor() {
    const { logs } = this
    const append = this.#append
    const appendCopy = this.#appendCopy
    Log.prototype.append = function (headers, source, start, end) {
      logs.add(this)
      return append.call(this, headers, source, start, end)
    }
    Log.prototype.appendCopy = function (source, index) {
      logs.add(this)
      return appendCopy.call(this, source, index)
    }
  }

  /**
   * What all segments together have pending.
   * @throws when a segment has less than none, or a log's segments are out of order or have a size that is not its own
   */
  pending(): number {
    let pending = 0
    for (const log of this.logs) {
      let size = 0
      let tail = 0
      for (const segment of log.segments) {
        if (segment.pending < 0) throw new Error(`a segment has ${segment.pending} pending`)
        if (segment.base < tail || segment.count === 0) throw new Error('segments are out of order, or empty')
        if (segment.bytes.length === 0) throw new Error('a segment of the log was reclaimed')
        tail = segment.tail
        size += segment.memorySize
        pending += segment.pending
      }
      if (tail > log.tail) throw new Error('a segment goes beyond the tail')
      if (size !== log.size) throw new Error(`segments of ${size} bytes count as ${log.size}`)
    }
    return pending
  }

  get segmentCount(): number {
    let count = 0
    for (const log of this.logs) count += log.segments.length
    return count
  }

  [Symbol.dispose](): void {
    Log.prototype.append = this.#append
    Log.prototype.appendCopy = this.#appendCopy
  }
}
