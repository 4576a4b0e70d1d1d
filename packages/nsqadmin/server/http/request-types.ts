// What nsqadmin adds to fastify's requests and routes.
import type { Principal } from '../access/access.ts'

/**
 * What a route asks of who calls it. `open`: nothing. `read`: to be logged in, where there are logins. `act`: to be an admin, from the
 * page itself or from a program. `config`: to come from --allow-config-from-cidr.
 */
export type RouteAccess = 'open' | 'read' | 'act' | 'config'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Default: `open`. */
    access?: RouteAccess
    /** The code of a 413; default `BODY_TOO_BIG`. */
    tooBig?: string
  }
  interface FastifyRequest {
    principal: Principal
  }
}
