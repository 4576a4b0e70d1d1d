import { createHash, randomBytes } from 'node:crypto'

interface Session {
  readonly user: string
  readonly expiresAt: number
}

// Whoever logs in ten thousand times does not do so by hand; the oldest session has to go then.
const SESSIONS_MAX = 10_000

/** Who is logged in, in memory: a restart asks for passwords again. Tokens are kept as hashes only. */
export class Sessions {
  readonly #lifetimeMs: number
  readonly #now: () => number
  readonly #sessions = new Map<string, Session>()

  /** @param now milliseconds */
  constructor(lifetimeMs: number, now: () => number) {
    this.#lifetimeMs = lifetimeMs
    this.#now = now
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @returns the token for the cookie */
  begin(user: string): string {
    this.#forgetExpired()
    if (this.#sessions.size >= SESSIONS_MAX) this.#forgetOldest()
    const token = randomBytes(32).toString('base64url')
    this.#sessions.set(keyOf(token), { user, expiresAt: this.#now() + this.#lifetimeMs })
    return token
  }

  /** The user's name; undefined for what is no token, or no longer. */
  user(token: string): string | undefined {
    const session = this.#sessions.get(keyOf(token))
    if (session === undefined || session.expiresAt <= this.#now()) return undefined
    return session.user
  }

  end(token: string): void {
    this.#sessions.delete(keyOf(token))
  }

  #forgetExpired(): void {
    for (const [key, { expiresAt }] of this.#sessions) {
      if (expiresAt > this.#now()) return // in the order of their beginning, all last as long
      this.#sessions.delete(key)
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#sessions.keys()
    if (oldest !== undefined) this.#sessions.delete(oldest)
  }
}

function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
