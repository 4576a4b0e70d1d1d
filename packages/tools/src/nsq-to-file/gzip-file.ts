import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Appender, joinLines } from './appended-file.ts'
import type { OpenedFile, OutputFile } from './appended-file.ts'

const compress = promisify(gzip)
/** Bytes of lines from which on they become a member before the next sync: they are in memory until then. */
const MEMBER_SIZE_MAX = 4 * 1024 * 1024

/**
 * Lines in gzip members, one for each sync: a file that was cut off anywhere can be read up to the last sync, by everything that
 * reads gzip. Compression happens in a thread of its own.
 */
export class GzipFile implements OutputFile {
  readonly #appender: Appender
  readonly #level: number
  #size: number
  #lines: Buffer[] = []
  #linesSize = 0

  constructor(opened: OpenedFile, level: number) {
    this.#appender = new Appender(opened)
    this.#level = level
    this.#size = opened.size
  }

  get size(): number {
    return this.#size
  }

  add(line: Buffer): void {
    this.#lines.push(line)
    this.#linesSize += line.length + 1
    this.#size += line.length + 1
  }

  async flush(): Promise<void> {
    if (this.#linesSize >= MEMBER_SIZE_MAX) await this.#appendMember()
  }

  async sync(): Promise<void> {
    if (this.#linesSize > 0) await this.#appendMember()
    await this.#appender.sync()
  }

  async close(): Promise<void> {
    try {
      // An empty file would be no gzip file: programs that read it complain.
      if (this.#linesSize > 0 || this.#appender.end === 0) await this.#appendMember()
    } finally {
      await this.#appender.close()
    }
  }

  async #appendMember(): Promise<void> {
    const bytes = joinLines(this.#lines, this.#linesSize)
    this.#lines = []
    this.#linesSize = 0
    await this.#appender.append(await compress(bytes, { level: this.#level }))
  }
}
