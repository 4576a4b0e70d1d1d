// What NSQ's HTTP clients rely on, whatever the route: bodies of any type, errors as {"message":"CODE"}, a line per request.
import { encodeJson, formatDuration, HttpError } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientAddress } from './client-address.ts'

const NSQ_CONTENT_TYPE = 'nsq; version=1.0'

/** To be called before any route is added. */
export function followConventions(app: FastifyInstance, logger: Logger): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setReplySerializer((payload) => encodeJson(payload))
  app.setErrorHandler<FastifyError>((error, request, reply) => sendError(error, request, reply, logger))
  app.addHook('onResponse', (request, reply, done) => {
    const { method, originalUrl } = request
    const took = formatDuration(reply.elapsedTime)
    logger.info(() => `${reply.statusCode} ${method} ${originalUrl} (${clientAddress(request)}) ${took}`)
    done()
  })
}

/** Marks an answer as NSQ's; all of the API are. */
export function asNsq(reply: FastifyReply): FastifyReply {
  return reply.header('X-NSQ-Content-Type', NSQ_CONTENT_TYPE)
}

async function sendError(
  error: FastifyError | HttpError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): Promise<FastifyReply> {
  const { status, code } = statusOf(error, request)
  if (status === 500) {
    logger.error(`${request.method} ${request.originalUrl} failed - ${error.stack ?? error.message}`)
  }
  return asNsq(reply).code(status).send({ message: code })
}

/** Never fastify's own words: they are no part of the API, and may tell more than a stranger should know. */
function statusOf(error: FastifyError | HttpError, request: FastifyRequest): { status: number; code: string } {
  if (error instanceof HttpError) return error
  const status = error.statusCode ?? 500
  if (status === 413) return { status, code: request.routeOptions.config.tooBig ?? 'BODY_TOO_BIG' }
  if (status === 429) return { status, code: 'TOO_MANY_ATTEMPTS' }
  return status >= 400 && status < 500 ? { status, code: 'INVALID_REQUEST' } : { status: 500, code: 'INTERNAL_ERROR' }
}
