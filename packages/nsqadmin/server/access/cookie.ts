import type { IncomingHttpHeaders } from 'node:http'

const NAME = 'nsqadmin_session'

/** The token that a request carries, undefined if none. */
export function sessionToken(headers: IncomingHttpHeaders): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=')
    if (name === NAME && value !== undefined && value !== '') return value
  }
  return undefined
}

export interface CookieSettings {
  readonly basePath: string
  readonly secure: boolean
}

/** The Set-Cookie of a login. Scripts cannot read it, and no other site can make a browser send it. */
export function sessionCookie(token: string, lifetimeMs: number, settings: CookieSettings): string {
  return cookie(token, Math.floor(lifetimeMs / 1000), settings)
}

/** The Set-Cookie of a logout. */
export function noSessionCookie(settings: CookieSettings): string {
  return cookie('', 0, settings)
}

function cookie(value: string, maxAgeSeconds: number, { basePath, secure }: CookieSettings): string {
  const attributes = [`${NAME}=${value}`, `Path=${basePath}`, `Max-Age=${maxAgeSeconds}`, 'HttpOnly', 'SameSite=Strict']
  return [...attributes, ...(secure ? ['Secure'] : [])].join('; ')
}
