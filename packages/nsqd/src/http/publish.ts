import { HttpError, type HttpRequest, type Query, type Route } from '@nsq-ts/daemon'
import { type Topic, TopicExitingError, TopicUnavailableError } from '../core/topic.ts'
import { TopicFullError } from '../core/topic-limits.ts'
import { DrainingError } from '../drain.ts'
import type { CommitWaiter } from '../log/commit-queue.ts'
import type { Nsqd } from '../nsqd.ts'
import { isDiskFull } from '../storage/disk-space.ts'
import { topicName, withinLimits } from './arguments.ts'
import { booleanWord } from './boolean-word.ts'
import { dueOf, dueWallMsOf, type Due } from './due.ts'
import { headersOf } from './message-headers.ts'
import { boundsOfFrames, boundsOfLines } from './mpub-body.ts'

/** `/pub` and `/mpub`, also under the names they had before NSQ 1.0, `/put` and `/mput`. Neither is in the access log. */
export function publishRoutes(nsqd: Nsqd): Route[] {
  const post = (path: string, handle: Route['handle']): Route => ({ method: 'POST', path, handle, quiet: true })
  return [
    post('/pub', (request) => pub(nsqd, request)),
    post('/put', (request) => pub(nsqd, request)),
    post('/mpub', (request) => mpub(nsqd, request)),
    post('/mput', (request) => mpub(nsqd, request)),
  ]
}

/** The whole body is one message. The order of the checks is the original's; a bad delay comes after the topic was made. */
async function pub(nsqd: Nsqd, request: HttpRequest): Promise<string> {
  const { maxMsgSize } = nsqd.options
  const body = await request.readBody(maxMsgSize, 'MSG_TOO_BIG')
  if (body.length === 0) throw new HttpError(400, 'MSG_EMPTY')
  const topic = topicOf(nsqd, request.query)
  const due = dueOf(request.query, nsqd.options, nsqd.wallMs)
  const headers = headersOf(request, nsqd.options)
  return enqueue(nsqd, (waiter) => publishDue(nsqd, topic, body, [0, body.length], due, headers, waiter))
}

/** All messages of the body are taken, or none. */
async function mpub(nsqd: Nsqd, request: HttpRequest): Promise<string> {
  const { maxBodySize, maxMsgSize } = nsqd.options
  if ((request.contentLength ?? 0) > maxBodySize) throw new HttpError(413, 'BODY_TOO_BIG')
  const topic = topicOf(nsqd, request.query)
  const due = dueOf(request.query, nsqd.options, nsqd.wallMs)
  const headers = headersOf(request, nsqd.options)
  const binary = isBinary(nsqd, request.query)
  const body = await request.readBody(maxBodySize, 'BODY_TOO_BIG')
  const bounds = binary ? boundsOfFrames(body, maxMsgSize, maxBodySize) : boundsOfLines(body, maxMsgSize)
  return enqueue(nsqd, (waiter) => publishDue(nsqd, topic, body, bounds, due, headers, waiter))
}

/** @param headers of each message; null: none */
function publishDue(
  nsqd: Nsqd,
  topic: Topic,
  body: Buffer,
  bounds: readonly number[],
  due: Due,
  headers: Buffer | null,
  waiter: CommitWaiter,
): boolean {
  if (headers !== null) {
    const each = new Array<Buffer>(bounds.length / 2).fill(headers)
    return topic.publishHeaded(body, 0, bounds, each, dueWallMsOf(due, nsqd.wallMs), waiter)
  }
  if ('delayMs' in due) return topic.publishBatchDeferred(body, 0, bounds, due.delayMs, waiter)
  if (due.dueWallMs <= nsqd.wallMs) return topic.publishBatch(body, 0, bounds, waiter)
  return topic.publishScheduled(body, 0, bounds, due.dueWallMs, waiter)
}

function topicOf(nsqd: Nsqd, query: Query): Topic {
  const name = topicName(query)
  if (nsqd.closing) throw new HttpError(503, 'EXITING')
  if (nsqd.drain.active) throw new HttpError(503, 'DRAINING')
  withinLimits(() => nsqd.limits.checkTopic(name))
  return nsqd.registry.topic(name)
}

/** Whatever is neither true nor false has always meant true. */
function isBinary(nsqd: Nsqd, query: Query): boolean {
  const text = query.get('binary')
  if (text === undefined) return false
  const binary = booleanWord(text)
  if (binary === undefined) nsqd.logger.warn(`deprecated value '${text}' used for /mpub binary param`)
  return binary ?? true
}

/**
 * Publishes, and waits until it is safe. The original answers 503 EXITING whatever went wrong; here that is kept for what
 * it says, and a disk that takes nothing is called by its name.
 */
function enqueue(nsqd: Nsqd, publish: (waiter: CommitWaiter) => boolean): Promise<string> {
  if (nsqd.closing) throw new HttpError(503, 'EXITING')
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(publishError(nsqd, error))
    const committed = (_ticket: number, error: Error | null): void => (error === null ? resolve('OK') : fail(error))
    try {
      if (publish({ committed })) resolve('OK')
    } catch (error) {
      fail(error as Error)
    }
  })
}

function publishError(nsqd: Nsqd, error: Error): HttpError {
  if (error instanceof TopicExitingError) return new HttpError(503, 'EXITING', { cause: error })
  if (error instanceof DrainingError) return new HttpError(503, error.code, { cause: error })
  if (error instanceof TopicUnavailableError) return new HttpError(503, error.code, { cause: error })
  if (error instanceof TopicFullError) return new HttpError(507, error.code, { cause: error })
  nsqd.logger.error(`failed to publish - ${error.message}`)
  const full = isDiskFull(error)
  return new HttpError(full ? 507 : 503, full ? 'DISK_FULL' : 'DISK_FAILED', { cause: error })
}
