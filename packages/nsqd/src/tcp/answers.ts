import { OK_FRAME, ProtocolError, type ErrorCode } from '@nsq-ts/protocol'
import type { CommitWaiter } from '../log/commit-queue.ts'
import type { Output } from './output.ts'

export type PublishCommand = 'PUB' | 'MPUB' | 'DPUB' | 'HPUB' | 'HMPUB'

const FAILED: Readonly<Record<PublishCommand, ErrorCode>> = {
  PUB: 'E_PUB_FAILED',
  MPUB: 'E_MPUB_FAILED',
  DPUB: 'E_DPUB_FAILED',
  HPUB: 'E_PUB_FAILED',
  HMPUB: 'E_MPUB_FAILED',
}

/**
 * The answers of a connection, in the order of its commands: a publish may have to wait until it is safe, and what comes
 * after it waits with it.
 */
export class Answers implements CommitWaiter {
  readonly #output: Output
  readonly #fail: (error: ProtocolError) => void
  readonly #drained: () => void
  /** A frame that can go out, or the command that is waited for. */
  readonly #line: (Buffer | PublishCommand | ProtocolError)[] = []
  /** The ticket of the first in line. */
  #first = 0

  /**
   * @param fail answers with an error
   * @param drained nothing is waited for any more
   */
  constructor(output: Output, fail: (error: ProtocolError) => void, drained: () => void) {
    this.#output = output
    this.#fail = fail
    this.#drained = drained
  }

  /** Answers are being waited for. */
  get waiting(): boolean {
    return this.#line.length > 0
  }

  /** The ticket of the next answer that has to wait. */
  get ticket(): number {
    return this.#first + this.#line.length
  }

  /** The command that was given `ticket` is waited for. */
  wait(command: PublishCommand): void {
    this.#line.push(command)
  }

  /** Answers with a frame that never changes and is never changed. */
  constant(frame: Buffer): void {
    if (this.#line.length === 0) this.#output.writeConstant(frame)
    else this.#line.push(frame)
  }

  /** Answers with a frame. */
  frame(frame: Buffer): void {
    if (this.#line.length === 0) this.#output.write(frame, 0, frame.length)
    else this.#line.push(frame)
  }

  /** Answers with an error, once all before it were answered. */
  error(error: ProtocolError): void {
    if (this.#line.length === 0) this.#fail(error)
    else this.#line.push(error)
  }

  committed(ticket: number, error: Error | null): void {
    const at = ticket - this.#first
    if (at < 0 || at >= this.#line.length) return // the connection is gone
    const command = this.#line[at] as PublishCommand
    this.#line[at] = error === null ? OK_FRAME : publishFailed(command, error)
    if (at === 0) this.#release()
  }

  /** Nobody is there any more to be answered. */
  close(): void {
    this.#first += this.#line.length
    this.#line.length = 0
  }

  #release(): void {
    const waiting = this.#line.findIndex((answer) => typeof answer === 'string')
    const ready = this.#line.splice(0, waiting < 0 ? this.#line.length : waiting)
    this.#first += ready.length
    for (const answer of ready) {
      if (answer === OK_FRAME) this.#output.writeConstant(OK_FRAME)
      else if (Buffer.isBuffer(answer)) this.#output.write(answer, 0, answer.length)
      else if (answer instanceof ProtocolError) this.#fail(answer) // if it is fatal, the output takes no more
    }
    if (this.#line.length === 0) this.#drained()
  }
}

/** What a publisher is told whose messages were not taken. */
export function publishFailed(command: PublishCommand, error: Error): ProtocolError {
  return new ProtocolError(FAILED[command], `${command} failed ${error.message}`, { cause: error })
}
