import type { IncomingHttpHeaders } from 'node:http'
import { remoteAddress } from '@nsq-ts/daemon'
import type { FastifyRequest } from 'fastify'

/** `ip:port` of the other end of the connection. What a proxy says of who is behind it is not looked at: anybody can say it. */
export function clientAddress(request: FastifyRequest): string {
  return remoteAddress(request.socket)
}

/** Whether the browser speaks HTTPS to a proxy in front, as that says. Decides nothing but how a link looks, and cookies. */
export function isHttps(headers: IncomingHttpHeaders): boolean {
  return headers['x-scheme'] === 'https' || headers['x-forwarded-proto'] === 'https'
}
