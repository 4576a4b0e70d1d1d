/** An nsqd, nsqlookupd or graphite that did not give a usable answer. The message is what users see in warnings. */
export class UpstreamError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UpstreamError'
  }
}

/** Every upstream that was asked in one step failed, or there was none to ask. */
export class AllFailedError extends Error {
  constructor(what: 'nsqd' | 'nsqlookupd', errors: readonly UpstreamError[]) {
    super(`failed to query any ${what}: ${joinErrors(errors)}`, { cause: errors })
    this.name = 'AllFailedError'
  }
}

/** The errors of one step, as they stand in a warning. */
export function joinErrors(errors: readonly Error[]): string {
  return errors.map((error) => error.message).join('\n')
}
