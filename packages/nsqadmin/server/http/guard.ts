import { HttpError } from '@nsq-ts/daemon'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { NOBODY } from '../access/access.ts'
import { mayAct } from '../access/origin.ts'
import type { AdminContext } from '../context.ts'
import type { RouteAccess } from './request-types.ts'

/** Who may use which route, before its body is read. Everything that is refused for acting leaves a line in the log. */
export function guardRoutes(app: FastifyInstance, context: AdminContext): void {
  app.decorateRequest('principal', { getter: () => NOBODY })
  app.addHook('onRequest', async (request) => {
    const access: RouteAccess = request.routeOptions.config.access ?? 'open'
    const principal = await context.access.identify(request.headers, (user) => context.mayTry(request, user))
    Object.defineProperty(request, 'principal', { value: principal })
    switch (access) {
      case 'open':
        return
      case 'read':
        requireLogin(request)
        return
      case 'act':
        requireLogin(request)
        requireOperator(request, context)
        return
      case 'config':
        requireConfigAddress(request, context)
        if (context.access.loginRequired) requireOperator(request, context)
        return
      default:
        access satisfies never
    }
  })
}

function requireLogin({ principal }: FastifyRequest): void {
  if (principal.role === 'none') throw new HttpError(401, 'LOGIN_REQUIRED')
}

function requireOperator(request: FastifyRequest, { audit }: AdminContext): void {
  const { principal, method, originalUrl, headers } = request
  const reason = principal.role === 'operator' ? undefined : 'is no admin'
  const foreign = mayAct(headers) ? undefined : 'came from another site'
  const refusal = reason ?? foreign
  if (refusal === undefined) return
  audit.warn(`AUDIT: ${method} ${originalUrl} refused: ${JSON.stringify(principal.user ?? '-')} ${refusal}`)
  throw new HttpError(403, 'FORBIDDEN')
}

function requireConfigAddress({ ip }: FastifyRequest, { checked, logger }: AdminContext): void {
  if (checked.configCidr === undefined) return
  if (ip === undefined || ip === '') {
    logger.error('failed to parse RemoteAddr')
    throw new HttpError(400, 'INVALID_REMOTE_ADDR')
  }
  if (!checked.configCidr.has(ip.startsWith('::ffff:') ? ip.slice(7) : ip)) throw new HttpError(403, 'FORBIDDEN')
}
