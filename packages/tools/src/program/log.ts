// What the tools say on standard error: lines with a time, in the form of the original (`2026/11/21 07:05:26 text`), and on a
// terminal one line below them that changes.
import { openLogDestination, wallClockSeconds } from '@nsq-ts/daemon'
import type { LogDestination } from '@nsq-ts/daemon'

const CLEAR_LINE = '\r\u001B[K'

/** Lines on standard error. What comes from outside can't fake a line: line ends within a text are escaped. */
export class Log {
  readonly #destination: LogDestination
  readonly #isTerminal: boolean
  #status = ''

  constructor(isTerminal = process.stderr.isTTY === true, destination: LogDestination = openLogDestination()) {
    this.#isTerminal = isTerminal
    this.#destination = destination
  }

  /** A line with the time. */
  line(text: string): void {
    this.raw(`${wallClockSeconds()} ${text.replaceAll('\r', String.raw`\r`).replaceAll('\n', String.raw`\n`)}\n`)
  }

  /** Whole lines as they are. */
  raw(lines: string): void {
    if (this.#status === '') return this.#destination.write(lines)
    this.#destination.write(`${CLEAR_LINE}${lines}${this.#status}`)
  }

  /** The line below all others, until it changes; only on a terminal. An empty one goes away. */
  status(text: string): void {
    if (!this.#isTerminal) return
    this.#status = text
    this.#destination.write(`${CLEAR_LINE}${text}`)
  }

  /** True where `status` shows something. */
  get hasStatus(): boolean {
    return this.#isTerminal
  }
}
