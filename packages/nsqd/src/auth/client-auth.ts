import type { AuthRequest, AuthServers } from './auth-servers.ts'
import type { Authorization } from './authorization.ts'

/** What one client may do, while its time lasts. */
export class ClientAuth {
  readonly #servers: AuthServers
  readonly #now: () => number
  #request: AuthRequest | null = null
  #authorization: Authorization | null = null
  #expiresAt = 0

  /** @param now milliseconds of a clock that never goes back */
  constructor(servers: AuthServers, now: () => number) {
    this.#servers = servers
    this.#now = now
  }

  /** Null before AUTH, and when it could not be renewed. */
  get authorization(): Authorization | null {
    return this.#authorization
  }

  /** AUTH was given permissions, and their time is over: `renew` before asking. */
  get expired(): boolean {
    return this.#request !== null && this.#now() > this.#expiresAt
  }

  /** AUTH succeeded once; whether or not it still holds. */
  get known(): boolean {
    return this.#request !== null
  }

  /** Asks for the client's permissions. @throws {Error} as AuthServers.ask */
  async authenticate(request: AuthRequest): Promise<Authorization> {
    const authorization = await this.#servers.ask(request)
    // As the original: without permissions there is nothing to keep, and AUTH may be tried again.
    if (authorization.permissionCount > 0) this.#request = request
    this.#authorization = authorization
    this.#expiresAt = this.#now() + authorization.ttlMs
    return authorization
  }

  /** Asks again with the same secret. @throws {Error} as AuthServers.ask; nothing is permitted then */
  async renew(): Promise<void> {
    const request = this.#request!
    this.#authorization = null
    await this.authenticate(request)
  }
}
