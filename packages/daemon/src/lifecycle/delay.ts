/**
 * Waits; an abort ends the wait early and leaves no timer behind.
 * @returns true after the whole time, false when aborted
 */
export function delay(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false)
      return
    }
    const finish = (whole: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(whole)
    }
    const onAbort = () => finish(false)
    const timer = setTimeout(() => finish(true), milliseconds)
    signal.addEventListener('abort', onAbort)
  })
}
