// Paths as the original's router reads them, around fastify's own: decoded before they are cut into segments, and forgiving about
// slashes, dots and letter case, by a redirect (nsqadmin.md, section 4).
import { HttpError, percentDecode, redirectReply, Router } from '@nsq-ts/daemon'
import type { Method, Route } from '@nsq-ts/daemon'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** For fastify's `rewriteUrl`: so that `%2F` separates segments, and an absolute target finds its route. */
export function properTarget(url: string): string {
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '')
  const question = relative.indexOf('?')
  const path = question === -1 ? relative : relative.slice(0, question)
  const query = question === -1 ? '' : relative.slice(question)
  const decoded = percentDecode(path)
  if (decoded === undefined) return relative // fastify's own 400
  return (decoded === '' ? '/' : decoded).split('/').map(encodeURIComponent).join('/') + query
}

/** Answers what no route does: another spelling of a path is redirected, another method refused with those that there are. */
export function answerUnrouted(app: FastifyInstance): void {
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one as Method, path: url, handle: () => undefined })
  })
  app.addHook('onRequest', async (request, reply) => {
    // fastify takes `/api/topics/` for a topic without a name.
    if (Object.values(request.params as object).includes('')) reply.callNotFound()
  })
  let router: Router | undefined
  app.setNotFoundHandler((request, reply) => {
    router ??= new Router(routes)
    return answer(router, request, reply)
  })
}

function answer(router: Router, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const question = request.url.indexOf('?')
  const path = percentDecode(question === -1 ? request.url : request.url.slice(0, question)) ?? ''
  const match = router.match(request.method, path)
  switch (match.kind) {
    case 'redirect': {
      const query = question === -1 ? '' : request.url.slice(question)
      const { status, contentType, headers, body } = redirectReply(match.path, query, request.method)
      if (contentType !== '') void reply.type(contentType)
      return reply
        .code(status)
        .headers(Object.fromEntries(headers))
        .send(body === '' ? undefined : body)
    }
    case 'options':
      return reply.header('Allow', match.allow).send()
    case 'method-not-allowed':
      void reply.header('Allow', match.allow)
      throw new HttpError(405, 'METHOD_NOT_ALLOWED')
    case 'route': // fastify knows it under this very path, so it cannot come here
    case 'not-found':
      throw new HttpError(404, 'NOT_FOUND')
    default:
      return match satisfies never
  }
}
