/** An nsqd, nsqlookupd or graphite that did not give a usable answer. The message is what users see in warnings. */
export class UpstreamError extends Error {
  /** What it answered, if it answered at all: a status other than 200, and the code of NSQ's `{"message":"CODE"}`. */
  readonly answer: { readonly status: number; readonly code: string } | undefined

  constructor(message: string, options?: ErrorOptions & { answer?: { status: number; code: string } }) {
    super(message, options)
    this.name = 'UpstreamError'
    this.answer = options?.answer
  }
}

/** Every upstream that was asked in one step failed, or there was none to ask. */
export class AllFailedError extends Error {
  readonly errors: readonly UpstreamError[]

  constructor(what: 'nsqd' | 'nsqlookupd', errors: readonly UpstreamError[]) {
    super(`failed to query any ${what}: ${joinErrors(errors)}`)
    this.name = 'AllFailedError'
    this.errors = errors
  }
}

/** The errors of one step, as they stand in a warning. */
export function joinErrors(errors: readonly Error[]): string {
  return errors.map((error) => error.message).join('\n')
}
