// Writes lines, those of one turn of the event loop together, and finishes a message once its line is with the system.
import type { Message } from '@nsq-ts/client'
import { Refusal } from '../program/refusal.ts'

/** What it needs of standard output. */
export interface LineSink {
  write(bytes: Buffer, callback: (error?: Error | null) => void): unknown
}

export class MessagePrinter {
  /** Rejects with a {@link Refusal} when writing fails; never resolves. */
  readonly failed: Promise<never>
  readonly #sink: LineSink
  readonly #onLast: () => void
  #left: number
  #lines: Buffer[] = []
  #messages: Message[] = []
  #isScheduled = false
  #fail!: (error: Refusal) => void

  /**
   * @param count lines to print in all; what comes beyond is given back
   * @param onLast the last of them is printed and finished
   */
  constructor(sink: LineSink, count: number, onLast: () => void) {
    this.#sink = sink
    this.#left = count
    this.#onLast = onLast
    this.failed = new Promise((_, reject) => (this.#fail = reject))
  }

  print(message: Message, line: Buffer): void {
    if (this.#left === 0) {
      message.requeue({ delay: 0, backoff: false })
      return
    }
    this.#left--
    this.#lines.push(line)
    this.#messages.push(message)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    const lines = Buffer.concat(this.#lines)
    const messages = this.#messages
    const isLast = this.#left === 0
    this.#lines = []
    this.#messages = []
    this.#isScheduled = false
    // A reader that is slow holds up the callback, so no more than max-in-flight messages wait here.
    this.#sink.write(lines, (error) => {
      if (error instanceof Error) return this.#fail(new Refusal(`failed to write to stdout - ${error.message}`))
      for (const message of messages) message.finish()
      if (isLast) this.#onLast()
    })
  }
}
