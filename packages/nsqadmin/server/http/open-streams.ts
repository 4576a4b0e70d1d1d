import { HttpError } from '@nsq-ts/daemon'
import type { EventStream } from './event-stream.ts'

/** The event streams of one kind that are open: not too many, and none after the end. */
export class OpenStreams {
  readonly #max: number
  readonly #code: string
  readonly #streams = new Set<EventStream>()

  /** @param code of the 429 for one too many */
  constructor(max: number, code: string) {
    this.#max = max
    this.#code = code
  }

  /** @throws {HttpError} 429 */
  requireRoom(): void {
    if (this.#streams.size >= this.#max) throw new HttpError(429, this.#code)
  }

  add(stream: EventStream): void {
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
  }

  closeAll(): void {
    for (const stream of this.#streams) stream.close()
  }
}
