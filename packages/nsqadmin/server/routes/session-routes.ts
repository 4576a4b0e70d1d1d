// Who asks, logging in and out. None of it is in the original, which leaves that to a proxy in front.
import { BUILD_VERSION, HttpError, VERSION } from '@nsq-ts/daemon'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noSessionCookie, sessionCookie, sessionToken } from '../access/cookie.ts'
import type { CookieSettings } from '../access/cookie.ts'
import { mayAct } from '../access/origin.ts'
import type { GraphiteSettings, SessionAnswer, SettingsAnswer } from '../api-types.ts'
import type { AdminContext } from '../context.ts'
import { clientAddress, isHttps } from '../http/client-address.ts'
import { jsonBody } from '../http/json-body.ts'
import type { Settings } from '../settings.ts'

const loginBody = z.object({ user: z.string().default(''), password: z.string().default('') })

export function sessionRoutes(app: FastifyInstance, context: AdminContext): void {
  const { access, settings, audit, at } = context
  const path = at('/api/session')

  app.get(at('/api/settings'), ({ principal }): SettingsAnswer => {
    const stranger = principal.role === 'none' // is told how to log in, and nothing of the network
    const { basePath, lookupdHttpAddresses, refreshIntervalMs, historyIntervalMs, historyLengthMs } = settings.current
    return {
      version: VERSION,
      build: BUILD_VERSION,
      base_path: basePath,
      nsqlookupd: stranger ? [] : [...lookupdHttpAddresses],
      live_interval: refreshIntervalMs,
      history_interval: historyIntervalMs,
      history_length: historyLengthMs,
      graphite: stranger ? null : graphiteSettings(settings, at('/')),
    }
  })

  app.get(path, ({ principal }): SessionAnswer => answer(context, principal))

  app.post(path, async (request, reply): Promise<SessionAnswer> => {
    requireOwnPage(request)
    const { user, password } = jsonBody(request.body, loginBody, 'INVALID_BODY')
    if (!access.loginRequired) throw new HttpError(404, 'NO_LOGIN')
    if (!(await context.mayTry(request, user))) {
      audit.warn(`AUDIT: login of ${JSON.stringify(user)} from ${clientAddress(request)} refused: too many attempts`)
      void reply.header('Retry-After', '60')
      throw new HttpError(429, 'TOO_MANY_ATTEMPTS')
    }
    const login = await access.logIn(user, password)
    if (login === undefined) {
      audit.warn(`AUDIT: login of ${JSON.stringify(user)} from ${clientAddress(request)} failed`)
      throw new HttpError(401, 'INVALID_CREDENTIALS')
    }
    audit.info(`AUDIT: login of ${JSON.stringify(user)} from ${clientAddress(request)}`)
    const { sessionLifetimeMs } = settings.current
    void reply.header('Set-Cookie', sessionCookie(login.token, sessionLifetimeMs, cookieFor(request, settings)))
    return answer(context, login.principal)
  })

  app.delete(path, async (request, reply): Promise<SessionAnswer> => {
    requireOwnPage(request)
    const token = sessionToken(request.headers)
    if (token !== undefined) access.logOut(token)
    void reply.header('Set-Cookie', noSessionCookie(cookieFor(request, settings)))
    return answer(context, await access.identify(withoutLogin(request), async () => false))
  })
}

function answer({ access }: AdminContext, principal: FastifyRequest['principal']): SessionAnswer {
  const { user, role } = principal
  return { login_required: access.loginRequired, user, role, is_admin: role === 'operator' }
}

/** Another site must not log a browser in as somebody, nor out. */
function requireOwnPage({ headers }: FastifyRequest): void {
  if (!mayAct(headers)) throw new HttpError(403, 'FORBIDDEN')
}

/** What is left of a request's claims once the session is over: a proxy may still vouch. */
function withoutLogin({ headers }: FastifyRequest): FastifyRequest['headers'] {
  const { cookie: _cookie, authorization: _authorization, ...rest } = headers
  return rest
}

function cookieFor({ headers }: FastifyRequest, settings: Settings): CookieSettings {
  return { basePath: settings.current.basePath, secure: isHttps(headers) }
}

function graphiteSettings({ current }: Settings, base: string): GraphiteSettings | null {
  if (current.graphiteUrl === '') return null
  return {
    url: current.proxyGraphite ? base.replace(/\/$/, '') : current.graphiteUrl.replace(/\/$/, ''),
    statsd_prefix: current.statsdPrefix,
    statsd_counter_format: current.statsdCounterFormat || '%s',
    statsd_gauge_format: current.statsdGaugeFormat || '%s',
    statsd_interval: Math.floor(current.statsdIntervalMs / 1000),
  }
}
