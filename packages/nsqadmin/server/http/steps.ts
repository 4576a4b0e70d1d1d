// A request goes to many nodes, in steps. Some may fail: that is a warning beside what the others said. If all of a query fail
// there is nothing to show: 502 (nsqadmin.md, section 5).
import { HttpError } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import type { Gathered } from '../upstream/gather.ts'
import { AllFailedError, joinErrors } from '../upstream/upstream-error.ts'

/** The steps of one request, and what went wrong in them. */
export class Steps {
  readonly #logger: Logger
  readonly #warnings: string[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** For the answer: empty, or `WARNING: ...` */
  get message(): string {
    return this.#warnings.length === 0 ? '' : `WARNING: ${this.#warnings.join('; ')}`
  }

  /** @param what for the log: `get topics` @throws {HttpError} 502 when nobody answered */
  async query<T>(what: string, asking: Promise<Gathered<T>>): Promise<readonly T[]> {
    const { values, errors } = await this.#unlessAllFail(what, asking)
    this.#warn(errors)
    return values
  }

  /** @throws {HttpError} 502 when the nodes to act upon could not be found */
  async act(what: string, acting: Promise<readonly Error[]>): Promise<void> {
    this.#warn(await this.#unlessAllFail(what, acting))
  }

  async #unlessAllFail<T>(what: string, step: Promise<T>): Promise<T> {
    try {
      return await step
    } catch (error) {
      if (!(error instanceof AllFailedError)) throw error
      this.#logger.error(`failed to ${what} - ${error.message}`)
      throw new HttpError(502, `UPSTREAM_ERROR: ${error.message}`, { cause: error })
    }
  }

  #warn(errors: readonly Error[]): void {
    if (errors.length === 0) return
    const joined = joinErrors(errors)
    this.#logger.warn(joined)
    this.#warnings.push(joined)
  }
}
