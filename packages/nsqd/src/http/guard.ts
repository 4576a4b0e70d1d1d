// Which role each route needs, and the guard in front of it. A route that is not listed needs admin, so that none is forgotten.
import { encodeJson, JSON_TYPE, Reply, type Route } from '@nsq-ts/daemon'
import type { Role, TokenFile } from './tokens.ts'

const ROLES: ReadonlyMap<string, Role | 'any'> = new Map<string, Role | 'any'>([
  ['GET /ping', 'any'],
  ['GET /ready', 'any'],
  ['GET /info', 'read'],
  ['GET /stats', 'read'],
  ['GET /metrics', 'read'],
  ['GET /config/:opt', 'read'],
  ['POST /pub', 'publish'],
  ['POST /mpub', 'publish'],
  ['POST /put', 'publish'],
  ['POST /mput', 'publish'],
])

/** What a request needs to be let through to a route. */
export function roleNeeded({ method, path }: Pick<Route, 'method' | 'path'>): Role | 'any' {
  return ROLES.get(`${method} ${path}`) ?? 'admin'
}

/** The routes, each behind the guard: 401 without a token that is known, 403 with one whose role is not enough. */
export function guardRoutes(routes: readonly Route[], tokens: TokenFile): Route[] {
  return routes.map((route) => {
    const needed = roleNeeded(route)
    return {
      ...route,
      handle(request) {
        const role = tokens.roleOf(request.raw.headers.authorization)
        if (role === undefined) return refusal(401, 'UNAUTHORIZED', [['WWW-Authenticate', 'Bearer realm="nsqd"']])
        if (role !== 'admin' && needed !== 'any' && role !== needed) return refusal(403, 'FORBIDDEN', [])
        return route.handle(request)
      },
    }
  })
}

function refusal(status: number, message: string, headers: readonly (readonly [string, string])[]): Reply {
  return new Reply(encodeJson({ message }), { status, contentType: JSON_TYPE, headers })
}
