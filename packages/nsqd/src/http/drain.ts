// What HTTP says and asks about draining; `PUT /config/drain` ends up here.
import { HttpError, type HttpRequest, parseDuration } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { booleanWord } from './boolean-word.ts'

/**
 * `true`, `1` or an empty body begins, `false` or `0` calls off; `?timeout=` replaces --drain-timeout.
 * @throws {HttpError} 400 INVALID_VALUE, INVALID_TIMEOUT
 */
export async function putDrain(nsqd: Nsqd, request: HttpRequest): Promise<unknown> {
  const body = await request.readBody(nsqd.options.maxMsgSize, 'INVALID_VALUE')
  const begins = body.length === 0 ? true : booleanWord(body.toString().trim())
  if (begins === undefined) throw new HttpError(400, 'INVALID_VALUE')
  if (begins) nsqd.drain.begin(timeoutMs(request.query.get('timeout')) ?? nsqd.options.drainTimeoutMs)
  else nsqd.drain.cancel()
  return drainReport(nsqd)
}

/** How far it is; durations are nanoseconds, as in /info. */
export function drainReport({ drain }: Nsqd): Record<string, unknown> {
  if (!drain.active) return { draining: false }
  const { deferred, inFlight, topics, waiting } = drain.left()
  return {
    draining: true,
    started_at: Math.floor(drain.startedAtMs / 1000),
    timeout: Math.round(drain.timeoutMs * 1e6),
    waiting,
    in_flight: inFlight,
    deferred,
    topics,
  }
}

function timeoutMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  try {
    const duration = parseDuration(text)
    if (duration >= 0) return duration
  } catch {
    // said below, as for a negative one
  }
  throw new HttpError(400, 'INVALID_TIMEOUT')
}
