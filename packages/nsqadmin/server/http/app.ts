import type { Server } from 'node:http'
import { fastifySSE } from '@fastify/sse'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AdminContext } from '../context.ts'
import { actionRoutes } from '../routes/action-routes.ts'
import { configRoutes } from '../routes/config-routes.ts'
import { graphiteProxyRoute, graphiteRoutes } from '../routes/graphite-routes.ts'
import { historyRoutes, liveRoutes } from '../routes/live-routes.ts'
import { messageRoutes } from '../routes/message-routes.ts'
import { metricsRoutes } from '../routes/metrics-route.ts'
import { pageRoutes } from '../routes/page-routes.ts'
import { publishRoute } from '../routes/publish-route.ts'
import { readRoutes } from '../routes/read-routes.ts'
import { redeliveryRoutes } from '../routes/redelivery-routes.ts'
import { sessionRoutes } from '../routes/session-routes.ts'
import { tailRoute } from '../routes/tail-route.ts'
import { limitAttempts } from './attempts.ts'
import { compressAnswers } from './compression.ts'
import { asNsq, followConventions } from './conventions.ts'
import { guardRoutes } from './guard.ts'
import { answerUnrouted, properTarget } from './routing.ts'
import { setSecurityHeaders } from './security-headers.ts'

const BODY_SIZE_MAX = 1024 * 1024

/** All of nsqadmin's HTTP, on a server of the caller's, who opens and closes it. */
export async function createApp(server: Server, parts: Omit<AdminContext, 'mayTry'>): Promise<FastifyInstance> {
  const { logger, settings, checked, at } = parts
  const app = fastify({
    serverFactory: (handler) => server.on('request', handler),
    exposeHeadRoutes: false, // HEAD is 405, as in the original
    bodyLimit: BODY_SIZE_MAX,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      void reply.code(400).type('text/plain; charset=utf-8').send('400 Bad Request') // a path that cannot be decoded
    },
    rewriteUrl(request) {
      request.headers['content-type'] = 'application/octet-stream' // any or none will do
      return properTarget(request.url ?? '/')
    },
  })
  followConventions(app, logger)
  answerUnrouted(app)
  await setSecurityHeaders(app, checked.graphiteProxy === undefined ? origin(settings.current.graphiteUrl) : undefined)
  await compressAnswers(app)
  await app.register(fastifySSE, { heartbeatInterval: 15_000 })
  const context: AdminContext = { ...parts, mayTry: await limitAttempts(app) }
  guardRoutes(app, context)

  app.get(at('/ping'), (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'))
  await app.register(async (api) => {
    api.addHook('onRequest', async (_request, reply) => void asNsq(reply))
    readRoutes(api, context)
    actionRoutes(api, context)
    configRoutes(api, context)
    graphiteRoutes(api, context)
    sessionRoutes(api, context)
    historyRoutes(api, context)
    liveRoutes(api, context)
    publishRoute(api, context)
    messageRoutes(api, context)
    redeliveryRoutes(api, context)
    tailRoute(api, context)
  })
  graphiteProxyRoute(app, context)
  metricsRoutes(app, context)
  await pageRoutes(app, context)
  await app.ready()
  return app
}

function origin(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined
}
