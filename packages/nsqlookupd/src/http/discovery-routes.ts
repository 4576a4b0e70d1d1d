// /topics, /channels, /lookup, /nodes: who produces what. Each can wait for news (docs/beyond-nsq.md).
import { HttpError, parseDuration, Reply } from '@nsq-ts/daemon'
import type { HttpRequest, Route } from '@nsq-ts/daemon'
import { topicArgument } from './arguments.ts'
import type { Watchers } from '../discovery/watchers.ts'
import type { Subject } from '../registrations/registration-db.ts'

/** The longest `wait`; more is cut to it. */
export const WAIT_MAX_MS = 600_000

export function discoveryRoutes(watchers: Watchers): Route[] {
  const get = (path: string, subject: (request: HttpRequest) => Subject): Route => ({
    method: 'GET',
    path,
    handle: (request) => answer(watchers, subject(request), request),
  })
  return [
    get('/topics', () => 'topics'),
    get('/nodes', () => 'nodes'),
    get('/channels', ({ query }) => `channels:${topicArgument(query)}`),
    get('/lookup', ({ query }) => `lookup:${topicArgument(query)}`),
  ]
}

/**
 * A plain call is answered as ever. With `wait` or `since` the answer carries its token in the header X-Nsq-Since, and comes when it
 * differs from what `since` says or the wait is over.
 */
async function answer(watchers: Watchers, subject: Subject, request: HttpRequest): Promise<Reply> {
  if (!asksForNews(request)) return (await watchers.wait(subject, undefined, 0, request.signal)).reply
  const since = request.query.get('since')
  const { reply, token } = await watchers.wait(subject, since, waitArgument(request), request.signal)
  const headers = [...reply.headers, ['X-Nsq-Since', token] as const]
  return new Reply(reply.body, { status: reply.status, contentType: reply.contentType, headers })
}

/** Asked of the raw URL: `/topics` and `/nodes` have no parameters in the original, and never mind a malformed query. */
function asksForNews({ raw }: HttpRequest): boolean {
  return /[?&](?:wait|since)=/.test(raw.url ?? '')
}

/** @throws {HttpError} 400 INVALID_ARG_WAIT for what is no duration, or a negative one */
function waitArgument({ query }: HttpRequest): number {
  const text = query.get('wait')
  if (text === undefined) return 0
  try {
    const waitMs = parseDuration(text)
    if (waitMs >= 0) return Math.min(waitMs, WAIT_MAX_MS)
  } catch (cause) {
    throw new HttpError(400, 'INVALID_ARG_WAIT', { cause })
  }
  throw new HttpError(400, 'INVALID_ARG_WAIT')
}
