// Writes the messages of one topic, and finishes each only when a sync has covered it (tools.md, section 4.4). One loop does it
// all, a batch at a time: what comes while a batch is on its way to the disk is the next one.
import type { Message } from '@nsq-ts/client'
import type { Logger } from '@nsq-ts/daemon'
import { timerMs } from '../program/timer.ts'
import type { FileSequence } from './file-sequence.ts'

/** What a writer needs to know of the consumer. */
export interface Flow {
  readonly maxInFlight: number
  /** True when nsqd is about to send no more before something is finished. */
  readonly isStarved: boolean
}

export interface TopicWriterSettings {
  readonly files: FileSequence
  readonly flow: Flow
  readonly logger: Logger
  readonly skipEmptyFiles: boolean
  readonly syncIntervalMs: number
}

export class TopicWriter {
  readonly #settings: TopicWriterSettings
  /** Received and not written. */
  #incoming: Message[] = []
  /** Written and not synced. */
  #unsynced: Message[] = []
  #isTickDue = false
  #isHangupDue = false
  #isStopping = false
  #isEnding = false
  #wake: (() => void) | undefined

  constructor(settings: TopicWriterSettings) {
    this.#settings = settings
  }

  /** Takes a message over; the writer finishes it. */
  accept(message: Message): void {
    this.#incoming.push(message)
    this.#wake?.()
  }

  /** Something changed in how messages flow: it may be time for a sync. */
  reconsider(): void {
    this.#wake?.()
  }

  /** Syncs, finishes and closes the file; the next message, or tick, opens one. */
  hangUp(): void {
    this.#isHangupDue = true
    this.#wake?.()
  }

  /** From now on everything is synced as soon as it is written: the consumer is closing, and waits for it. */
  stop(): void {
    this.#isStopping = true
    this.#wake?.()
  }

  /** No message will come any more: `run` writes what is there, closes the file and resolves. */
  end(): void {
    this.#isEnding = true
    this.stop()
  }

  /** @throws {Error} of the system: nothing unsynced was finished, and all of it will be delivered again */
  async run(): Promise<void> {
    const tick = (): void => {
      this.#isTickDue = true
      this.#wake?.()
    }
    const timer = setInterval(tick, timerMs(this.#settings.syncIntervalMs))
    try {
      while (!this.#isEnding || this.#incoming.length > 0) {
        await this.#waitForWork()
        await this.#work()
      }
      await this.#sync()
      await this.#settings.files.close()
    } finally {
      clearInterval(timer)
    }
  }

  async #waitForWork(): Promise<void> {
    const hasWork = this.#incoming.length > 0 || this.#isTickDue || this.#isHangupDue
    if (hasWork || (this.#isStopping && this.#unsynced.length > 0) || this.#isEnding) return
    await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
  }

  async #work(): Promise<void> {
    const { flow, files } = this.#settings
    await this.#write()
    const isTick = this.#isTickDue
    this.#isTickDue = false
    if (isTick) await this.#rotateIdle()
    const isFull = this.#unsynced.length >= flow.maxInFlight || flow.isStarved
    if (isFull || isTick || this.#isStopping) await this.#sync()
    if (!this.#isHangupDue) return
    this.#isHangupDue = false
    await this.#sync()
    await files.close()
  }

  async #write(): Promise<void> {
    const { files } = this.#settings
    const messages = this.#incoming
    this.#incoming = []
    const now = Date.now()
    let { file } = files
    for (const message of messages) {
      const isFirstOfFile = file === undefined || files.isRotationDue(now)
      if (file === undefined || isFirstOfFile) {
        await this.#sync()
        await files.close()
        file = await files.open(now)
      }
      file.add(message.raw)
      this.#unsynced.push(message)
      if (isFirstOfFile) await this.#sync() // so that trouble with a new file shows early
    }
    await file?.flush()
  }

  /** At a tick a file may end and the next one begin, though no message has come. */
  async #rotateIdle(): Promise<void> {
    const { files, skipEmptyFiles } = this.#settings
    if (!files.isRotationDue(Date.now())) return
    await this.#sync()
    await files.close()
    if (!skipEmptyFiles) await files.open(Date.now())
  }

  async #sync(): Promise<void> {
    const { files, logger } = this.#settings
    const messages = this.#unsynced
    if (messages.length === 0) return
    logger.debug(() => `syncing ${messages.length} records to disk`)
    await files.file?.sync()
    this.#unsynced = []
    for (const message of messages) message.finish()
  }
}
