import { Appender, joinLines } from './appended-file.ts'
import type { OpenedFile, OutputFile } from './appended-file.ts'

/** Lines as they are: each can be read as soon as it is flushed. */
export class PlainFile implements OutputFile {
  readonly #appender: Appender
  #lines: Buffer[] = []
  #linesSize = 0

  constructor(opened: OpenedFile) {
    this.#appender = new Appender(opened)
  }

  get size(): number {
    return this.#appender.end + this.#linesSize
  }

  add(line: Buffer): void {
    this.#lines.push(line)
    this.#linesSize += line.length + 1
  }

  async flush(): Promise<void> {
    if (this.#linesSize === 0) return
    const bytes = joinLines(this.#lines, this.#linesSize)
    this.#lines = []
    this.#linesSize = 0
    await this.#appender.append(bytes)
  }

  async sync(): Promise<void> {
    await this.flush()
    await this.#appender.sync()
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#appender.close()
    }
  }
}
