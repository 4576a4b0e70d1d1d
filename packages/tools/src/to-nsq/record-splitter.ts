import { Refusal } from '../program/refusal.ts'

/** Bytes of a record that no nsqd would take: the input is no text, or the delimiter not its own. */
const RECORD_SIZE_MAX = 256 * 1024 * 1024

/** Cuts a stream of bytes into records at a delimiter, which is taken away; empty records are left out. */
export class RecordSplitter {
  readonly #delimiter: number
  /** Beginnings of a record whose end has not come yet; joined once, when it comes. */
  #begun: Buffer[] = []
  #begunSize = 0

  /** @param delimiter a byte */
  constructor(delimiter: number) {
    this.#delimiter = delimiter
  }

  /**
   * @returns the records that end in this chunk; they borrow its memory
   * @throws {Refusal} when a record grows beyond all bounds
   */
  push(chunk: Buffer): Buffer[] {
    const records: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(this.#delimiter); end !== -1; end = chunk.indexOf(this.#delimiter, start)) {
      const part = chunk.subarray(start, end)
      const record = this.#begun.length === 0 ? part : this.#finish(part)
      if (record.length > 0) records.push(record)
      start = end + 1
    }
    if (start < chunk.length) this.#begin(chunk.subarray(start))
    return records
  }

  /** @returns the record that the input ended in, whole, though no delimiter follows */
  end(): Buffer[] {
    const record = this.#finish(Buffer.alloc(0))
    return record.length > 0 ? [record] : []
  }

  #begin(part: Buffer): void {
    this.#begun.push(part)
    this.#begunSize += part.length
    if (this.#begunSize > RECORD_SIZE_MAX) throw new Refusal(`a record has more than ${RECORD_SIZE_MAX} bytes`)
  }

  #finish(last: Buffer): Buffer {
    const record = Buffer.concat([...this.#begun, last])
    this.#begun = []
    this.#begunSize = 0
    return record
  }
}
