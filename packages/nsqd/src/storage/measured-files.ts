import type { LogFile, LogFiles } from '../log/files.ts'
import { Histogram } from '../stats/histogram.ts'

/** Seconds. */
const SYNC_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** What was written to the log's files, and how long the disk took to make it last. */
export class DiskMeter {
  /** Bytes since the start. */
  written = 0
  readonly syncSeconds = new Histogram(SYNC_BOUNDS)
}

/** The same files, measured. */
export function measuredFiles(files: LogFiles, meter: DiskMeter): LogFiles {
  return { ...files, open: (path, mode) => new MeasuredFile(files.open(path, mode), meter) }
}

class MeasuredFile implements LogFile {
  readonly #file: LogFile
  readonly #meter: DiskMeter

  constructor(file: LogFile, meter: DiskMeter) {
    this.#file = file
    this.#meter = meter
  }

  size(): number {
    return this.#file.size()
  }

  write(bytes: Buffer, start: number, end: number, position: number): number {
    const size = this.#file.write(bytes, start, end, position)
    this.#meter.written += size
    return size
  }

  read(bytes: Buffer, position: number): number {
    return this.#file.read(bytes, position)
  }

  readLater(bytes: Buffer, position: number, done: (error: Error | null, size: number) => void): void {
    this.#file.readLater(bytes, position, done)
  }

  sync(): void {
    const startedAt = performance.now()
    this.#file.sync()
    this.#observe(startedAt)
  }

  syncLater(done: (error: Error | null) => void): void {
    const startedAt = performance.now()
    this.#file.syncLater((error) => {
      this.#observe(startedAt)
      done(error)
    })
  }

  truncate(size: number): void {
    this.#file.truncate(size)
  }

  close(): void {
    this.#file.close()
  }

  #observe(startedAt: number): void {
    this.#meter.syncSeconds.observe((performance.now() - startedAt) / 1000)
  }
}
