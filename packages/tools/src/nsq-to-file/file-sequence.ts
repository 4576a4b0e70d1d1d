// The files of one topic, one after another: which name comes next, when it is time for it, and where a finished one goes
// (tools.md, sections 4.2, 4.3, 4.5 and 4.6).
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Logger } from '@nsq-ts/daemon'
import type { OpenedFile, OutputFile } from './appended-file.ts'
import { makeFoldersFor } from './directory.ts'
import { FileName, withRevision } from './file-name.ts'
import { GzipFile } from './gzip-file.ts'
import { hasCode, moveFile } from './move-file.ts'
import type { NsqToFileOptions } from './options.ts'
import { PlainFile } from './plain-file.ts'

const LINE_END = Buffer.from('\n')
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_RDWR

interface Current {
  readonly file: OutputFile
  /** Relative to the folder, without its revision. */
  readonly dated: string
  readonly openedAt: number
}

export class FileSequence {
  readonly #options: NsqToFileOptions
  readonly #logger: Logger
  readonly #name: FileName
  readonly #workDir: string
  /** Files lie elsewhere while they are written. */
  readonly #isMoved: boolean
  /** A file must be new: what was in it before can't be gone on with, or belongs to another time. */
  readonly #isExclusive: boolean
  #current: Current | undefined
  #lastDated = ''
  #revision = 0

  /** @throws {Refusal} for a format that can't do */
  constructor(topic: string, options: NsqToFileOptions, logger: Logger) {
    const { gzip, outputDir, workDir, rotateSize, rotateIntervalMs } = options
    this.#options = options
    this.#logger = logger
    this.#workDir = workDir === '' ? outputDir : workDir
    this.#isMoved = resolve(this.#workDir) !== resolve(outputDir)
    this.#isExclusive = gzip || rotateIntervalMs > 0
    this.#name = new FileName(topic, options, this.#isExclusive || rotateSize > 0 || this.#isMoved)
  }

  /** The file that is open. */
  get file(): OutputFile | undefined {
    return this.#current?.file
  }

  /** @param now milliseconds since the epoch @returns true when no file is open, or the one that is has had its time */
  isRotationDue(now: number): boolean {
    const current = this.#current
    if (current === undefined) return true
    const { rotateSize, rotateIntervalMs } = this.#options
    return (
      current.dated !== this.#name.at(now) ||
      (rotateIntervalMs > 0 && now - current.openedAt > rotateIntervalMs) ||
      (rotateSize > 0 && current.file.size > rotateSize)
    )
  }

  /** Opens the next file; none is open. @throws {Error} of the system */
  async open(now: number): Promise<OutputFile> {
    const dated = this.#name.at(now)
    this.#revision = dated === this.#lastDated ? this.#revision + 1 : 0
    this.#lastDated = dated
    for (;;) {
      const file = await this.#tryOpen(withRevision(dated, this.#revision))
      if (file !== undefined) {
        this.#current = { file, dated, openedAt: now }
        return file
      }
      this.#revision++ // the name has a place for it, else it would have been opened
    }
  }

  /** Closes the file, if one is open, and moves it to its place. @throws {Error} of the system */
  async close(): Promise<void> {
    const current = this.#current
    if (current === undefined) return
    this.#current = undefined // whatever happens: it can't be written to any more
    await current.file.close()
    if (this.#isMoved) await this.#moveFinished(current.dated)
  }

  async #tryOpen(name: string): Promise<OutputFile | undefined> {
    const { outputDir, rotateSize } = this.#options
    const path = join(this.#workDir, name)
    if (this.#isMoved && (await exists(join(outputDir, name)))) {
      this.#logger.warn(`output file already exists: ${join(outputDir, name)}`)
      return undefined
    }
    await makeFoldersFor(path)
    this.#logger.info(`opening ${path}`)
    // From here to the first write without a pause, not even for a line of the log, whose reader may be woken by it and look
    // at once: who sees a new file should find something in it.
    const descriptor = this.#openDescriptor(path)
    if (descriptor === undefined) {
      this.#logger.warn(`working file already exists: ${path}`)
      return undefined
    }
    try {
      const { size } = fstatSync(descriptor)
      if (rotateSize > 0 && size > rotateSize) {
        this.#logger.info(`${path} currently ${size} bytes (> ${rotateSize}), rotating...`)
        closeSync(descriptor)
        return undefined
      }
      return this.#wrap({ descriptor, size, folder: dirname(path) })
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  #openDescriptor(path: string): number | undefined {
    try {
      return openSync(path, this.#isExclusive ? APPEND | constants.O_EXCL : APPEND, 0o666)
    } catch (error) {
      if (this.#isExclusive && hasCode(error, 'EEXIST')) return undefined
      throw error
    }
  }

  #wrap(opened: OpenedFile): OutputFile {
    if (this.#options.gzip) return new GzipFile(opened, this.#options.gzipLevel)
    return new PlainFile({ ...opened, size: opened.size + endLastLine(opened) })
  }

  async #moveFinished(dated: string): Promise<void> {
    const { outputDir } = this.#options
    const from = join(this.#workDir, withRevision(dated, this.#revision))
    const wanted = join(outputDir, withRevision(dated, this.#revision))
    this.#logger.info(`moving finished file ${from} to ${wanted}`)
    if (await moveFile(from, wanted)) return
    this.#logger.warn(`destination file already exists: ${wanted}`)
    for (;;) {
      this.#revision++
      const free = join(outputDir, withRevision(dated, this.#revision))
      if (!(await moveFile(from, free))) continue
      this.#logger.info(`renamed finished file ${from} to ${free} to avoid overwrite`)
      return
    }
  }
}

/**
 * A process that was killed while it wrote may have left half a line; the next message begins one of its own.
 * @returns bytes added
 */
function endLastLine({ descriptor, size }: OpenedFile): number {
  if (size === 0) return 0
  const last = Buffer.alloc(1)
  readSync(descriptor, last, 0, 1, size - 1)
  return last.equals(LINE_END) ? 0 : writeSync(descriptor, LINE_END)
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}
