// When a publish over HTTP is to be delivered: `defer=` and `at=` of /pub and /mpub.
import { HttpError, parseDuration, type Query } from '@nsq-ts/daemon'
import type { NsqdOptions } from '../options.ts'
import { parseTime } from './time.ts'

/** A delay of the original, which begins when the channels get the message; or a due time in Unix milliseconds. */
export type Due = { readonly delayMs: number } | { readonly dueWallMs: number }

/**
 * `defer=<ms>` is the original's, up to --max-req-timeout. `defer=<duration>` (`90s`, `36h`) counts from now on, `at=<time>` is a
 * time; both up to --max-defer, and what is past is delivered at once.
 * @param nowMs Unix milliseconds
 * @throws {HttpError} 400 INVALID_DEFER, INVALID_AT, DEFER_AND_AT
 */
export function dueOf(query: Query, options: NsqdOptions, nowMs: number): Due {
  const defer = query.get('defer')
  const at = query.get('at')
  if (defer !== undefined && at !== undefined) throw new HttpError(400, 'DEFER_AND_AT')
  if (at !== undefined) return { dueWallMs: within(parseTime(at), nowMs, options, 'INVALID_AT') }
  if (defer === undefined) return { delayMs: 0 }
  if (!/[a-zµμ]$/.test(defer)) return { delayMs: plainDelayMs(defer, options.maxReqTimeoutMs) }
  const delayMs = durationMs(defer)
  if (delayMs === 0) return { delayMs }
  return { dueWallMs: within(delayMs === undefined ? undefined : nowMs + delayMs, nowMs, options, 'INVALID_DEFER') }
}

/** The due time, Unix milliseconds, of what was published at `nowMs`; null: at once. */
export function dueWallMsOf(due: Due, nowMs: number): number | null {
  if ('dueWallMs' in due) return due.dueWallMs
  return due.delayMs === 0 ? null : nowMs + due.delayMs
}

function plainDelayMs(text: string, maxReqTimeoutMs: number): number {
  const delayMs = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(delayMs >= 0 && delayMs <= maxReqTimeoutMs)) throw new HttpError(400, 'INVALID_DEFER')
  return delayMs
}

function durationMs(text: string): number | undefined {
  try {
    const delayMs = parseDuration(text)
    return delayMs < 0 ? undefined : delayMs
  } catch {
    return undefined // the caller has the one answer for all that is wrong with it
  }
}

function within(dueWallMs: number | undefined, nowMs: number, { maxDeferMs }: NsqdOptions, code: string): number {
  if (dueWallMs === undefined || dueWallMs > nowMs + maxDeferMs) throw new HttpError(400, code)
  return dueWallMs
}
