import type { Log } from '../program/log.ts'

const INTERVAL_MS = 500

/**
 * Shows on a terminal how far something long has come: `to_nsq: 120000 messages published, 98000/s`.
 * @returns ends it
 */
export function showProgress(log: Log, what: string, count: () => number): () => void {
  if (!log.hasStatus) return () => undefined
  let previous = count()
  let previousAt = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const current = count()
    log.status(`${current} ${what}, ${Math.round(((current - previous) * 1000) / (now - previousAt))}/s`)
    previous = current
    previousAt = now
  }, INTERVAL_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    log.status('')
  }
}
