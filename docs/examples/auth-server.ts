// A minimal auth server for nsqd: who holds a secret may do what stands beside it.
import { timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:http'

interface Account {
  readonly secret: string
  readonly identity: string
  /** Topics and channels are patterns; `^` and `$` make them match whole names. */
  readonly authorizations: readonly {
    readonly topic: string
    readonly channels: readonly string[]
    readonly permissions: readonly ('subscribe' | 'publish')[]
  }[]
}

/** Seconds until nsqd asks again: how long a permission that was taken away may still be used. */
const TTL = 60

export function createAuthServer(accounts: readonly Account[]): Server {
  return createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://auth')
    const secret = searchParams.get('secret') ?? ''
    const account = accounts.find((candidate) => sameText(candidate.secret, secret))
    response.setHeader('Content-Type', 'application/json')
    if (request.method !== 'GET' || pathname !== '/auth' || account === undefined) {
      response.writeHead(403).end('{"message":"NOT_AUTHORIZED"}')
      return
    }
    const { authorizations, identity } = account
    response.end(JSON.stringify({ ttl: TTL, identity, identity_url: '', authorizations }))
  })
}

/** Takes as long for a wrong secret that begins well as for any other of its length. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
