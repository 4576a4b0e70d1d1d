// One connection to an nsqlookupd, protocol V1. Answers come in the order of the commands and bear no mark, so a connection that
// lost count, or whose peer fell silent in the middle, is of no more use: every trouble ends it.
import { connect, type Socket } from 'node:net'
import { LookupAnswerDecoder, MAGIC_V1 } from '@nsq-ts/protocol'

export interface LookupConnectionSettings {
  readonly host: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** From one piece of an answer to the next. */
  readonly answerTimeoutMs: number
  /** Bytes. */
  readonly answerSizeMax: number
  /** Told once, whoever ended the connection. */
  readonly onClose: () => void
}

interface Waiter {
  readonly resolve: (answers: string[]) => void
  readonly reject: (error: Error) => void
}

export class LookupConnection {
  readonly #settings: LookupConnectionSettings
  readonly #decoder: LookupAnswerDecoder
  #socket: Socket | undefined
  #error: Error | undefined
  /** Who waits for the connection to be open, or for answers; never both. */
  #waiter: Waiter | undefined
  #answers: string[] = []
  #answersWanted = 0
  #timer: NodeJS.Timeout | undefined
  #chunksHeard = 0

  constructor(settings: LookupConnectionSettings) {
    this.#settings = settings
    this.#decoder = new LookupAnswerDecoder(settings.answerSizeMax)
  }

  /** Why the connection is over; undefined as long as it is not. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Resolves once it is open and the magic is sent. @throws {Error} */
  async open(): Promise<void> {
    const { host, port, connectTimeoutMs } = this.#settings
    const socket = connect(host === '' ? { port } : { host, port })
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('closed by nsqlookupd')))
    socket.once('connect', () => this.#settle([]))
    await this.#wait(connectTimeoutMs, 'no connection')
    socket.write(MAGIC_V1)
  }

  /**
   * Sends commands, all at once, and resolves with their answers. One such call at a time.
   * @throws {Error} when the connection ends before, or one of the answers is an error: such an answer ends it
   */
  ask(commands: readonly Uint8Array[]): Promise<string[]> {
    this.#answers = []
    this.#answersWanted = commands.length
    const answered = this.#wait(this.#settings.answerTimeoutMs, 'no answer')
    if (this.#error === undefined) this.#socket?.write(Buffer.concat(commands))
    return answered
  }

  /** Ends it at once. */
  close(): void {
    this.#fail(new Error('closed'))
  }

  #wait(timeoutMs: number, failure: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) {
        reject(this.#error)
        return
      }
      this.#waiter = { resolve, reject }
      this.#timer = setTimeout(() => this.#onTimeout(`${failure} within ${timeoutMs} ms`), timeoutMs)
    })
  }

  /** If it was us who were busy, what was awaited is there already and is read before an immediate runs. */
  #onTimeout(failure: string): void {
    const waiter = this.#waiter
    const chunksHeard = this.#chunksHeard
    setImmediate(() => {
      if (this.#waiter === waiter && this.#chunksHeard === chunksHeard) this.#fail(new Error(failure))
    })
  }

  #onData(chunk: Buffer): void {
    this.#chunksHeard++
    this.#timer?.refresh()
    try {
      this.#decoder.push(chunk, this)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  /** Of LookupAnswerDecoder. */
  onAnswer(data: Buffer): void {
    const answer = data.toString()
    if (answer.startsWith('E_')) throw new Error(`nsqlookupd answered ${answer}`)
    if (this.#waiter === undefined) throw new Error('nsqlookupd answered what it was not asked')
    this.#answers.push(answer)
    if (this.#answers.length === this.#answersWanted) this.#settle(this.#answers)
  }

  #settle(answers: string[]): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve(answers)
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#socket?.destroy()
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.reject(error)
    this.#settings.onClose()
  }
}
