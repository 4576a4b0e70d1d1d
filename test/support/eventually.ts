import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallySettings {
  /** In the error: what did not come to be. */
  readonly what: string
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** Between two looks. Default 20. */
  readonly intervalMs?: number
}

/**
 * Looks again and again until the condition holds. For what nobody tells us of; where there is an event, await that.
 * @throws at the deadline; and at once whatever the condition throws
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  { what, timeoutMs = 10_000, intervalMs = 20 }: EventuallySettings,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(intervalMs)
  }
}

/** @throws when the promise has not settled in time */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
