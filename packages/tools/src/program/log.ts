// What the tools say on standard error: lines with a time, in the form of the original (`2026/11/21 07:05:26 text`), and on a
// terminal one line below them that changes.
import { openLogDestination, wallClockSeconds } from '@nsq-ts/daemon'
import type { LogDestination } from '@nsq-ts/daemon'

const CLEAR_LINE = '\r\u001B[K'

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROLS = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g

/** Lines on standard error. What comes from outside can neither fake a line nor command a terminal: it is escaped. */
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
    this.raw(`${wallClockSeconds()} ${oneLine(text)}\n`)
  }

  /** Whole lines as they are. */
  raw(lines: string): void {
    if (this.#status === '') return this.#destination.write(lines)
    this.#destination.write(`${CLEAR_LINE}${lines}${this.#status}`)
  }

  /** The line below all others, until it changes; only on a terminal. An empty one goes away. */
  status(text: string): void {
    if (!this.#isTerminal || (text === '' && this.#status === '')) return
    this.#status = text
    this.#destination.write(`${CLEAR_LINE}${text}`)
  }

  /** True where `status` shows something. */
  get hasStatus(): boolean {
    return this.#isTerminal
  }
}

function oneLine(text: string): string {
  return text.replaceAll(CONTROLS, (character) => JSON_ESCAPES[character] ?? unicodeEscape(character))
}

const JSON_ESCAPES: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r` }

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
