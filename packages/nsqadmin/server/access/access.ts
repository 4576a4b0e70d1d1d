import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Role } from '../api-types.ts'
import { AuthFile } from './auth-file.ts'
import type { User } from './auth-file.ts'
import { basicCredentials } from './basic-auth.ts'
import { sessionToken } from './cookie.ts'
import { Sessions } from './sessions.ts'

/** Who asks, and what he may do. */
export interface Principal {
  /** The name, if somebody vouches for it: a login, or the proxy's header. */
  readonly user: string | null
  readonly role: Role
  /** Who vouches. */
  readonly via: 'nobody' | 'proxy' | 'login'
}

export interface AccessSettings {
  readonly adminUsers: readonly string[]
  readonly aclHttpHeader: string
  /** Empty: no login. */
  readonly authFile: string
  readonly sessionLifetimeMs: number
}

/** Somebody whom nobody knows, where there are logins. */
export const NOBODY: Principal = { user: null, role: 'none', via: 'nobody' }

/** How long a password that was right is not checked again; scripts that send it with each request need it. */
const BASIC_REMEMBERED_MS = 60_000
const BASIC_REMEMBERED_MAX = 1000

/**
 * Three ways to be somebody: the header of a proxy that has authenticated him (as in the original), a session, and Basic credentials
 * of the same users for scripts. Without users of either kind everybody may do everything, as in the original.
 */
export class Access {
  readonly #settings: AccessSettings
  readonly #authFile: AuthFile | undefined
  readonly #sessions: Sessions
  readonly #now: () => number
  readonly #remembered = new Map<string, { name: string; until: number }>()

  constructor(settings: AccessSettings, now: () => number = Date.now) {
    this.#settings = settings
    this.#authFile = settings.authFile === '' ? undefined : new AuthFile(settings.authFile)
    this.#now = now
    this.#sessions = new Sessions(settings.sessionLifetimeMs, now)
  }

  /** Nothing is shown to those who are not logged in. */
  get loginRequired(): boolean {
    return this.#authFile !== undefined
  }

  /** How many are logged in. */
  get sessions(): number {
    return this.#sessions.size
  }

  /** Reads the users, at the start and at SIGHUP. @throws {AuthFileError} */
  async load(): Promise<void> {
    await this.#authFile?.load()
    this.#remembered.clear()
  }

  /**
   * @param mayTry asked before a password is checked that was not right a moment ago; false: too many were tried
   */
  async identify(headers: IncomingHttpHeaders, mayTry: (user: string) => Promise<boolean>): Promise<Principal> {
    const { adminUsers, aclHttpHeader } = this.#settings
    const named = headers[aclHttpHeader.toLowerCase()]
    const fromProxy = typeof named === 'string' && adminUsers.length > 0 ? named : null
    if (fromProxy !== null && adminUsers.includes(fromProxy)) return { user: fromProxy, role: 'operator', via: 'proxy' }
    if (this.#authFile !== undefined) {
      const user = this.#sessionUser(headers) ?? (await this.#basicUser(headers, mayTry))
      return user === undefined ? NOBODY : { user: user.name, role: user.role, via: 'login' }
    }
    if (adminUsers.length === 0) return { user: null, role: 'operator', via: 'nobody' }
    return { user: fromProxy, role: 'viewer', via: fromProxy === null ? 'nobody' : 'proxy' }
  }

  /** A new session; undefined if the password is wrong, or there are no logins. */
  async logIn(name: string, password: string): Promise<{ token: string; principal: Principal } | undefined> {
    const user = await this.#authFile?.check(name, password)
    if (user === undefined) return undefined
    return { token: this.#sessions.begin(user.name), principal: { user: user.name, role: user.role, via: 'login' } }
  }

  logOut(token: string): void {
    this.#sessions.end(token)
  }

  #sessionUser(headers: IncomingHttpHeaders): User | undefined {
    const token = sessionToken(headers)
    const name = token === undefined ? undefined : this.#sessions.user(token)
    return name === undefined ? undefined : this.#authFile?.user(name) // role and existence are the file's of now
  }

  async #basicUser(
    headers: IncomingHttpHeaders,
    mayTry: (user: string) => Promise<boolean>,
  ): Promise<User | undefined> {
    const credentials = basicCredentials(headers.authorization)
    if (credentials === undefined) return undefined
    const key = createHash('sha256').update(`${credentials.user}:${credentials.password}`).digest('base64')
    const known = this.#remembered.get(key)
    if (known !== undefined && known.until > this.#now()) return this.#authFile?.user(known.name)
    if (!(await mayTry(credentials.user))) return undefined
    const user = await this.#authFile?.check(credentials.user, credentials.password)
    if (user === undefined) return undefined
    if (this.#remembered.size >= BASIC_REMEMBERED_MAX) this.#remembered.clear()
    this.#remembered.set(key, { name: user.name, until: this.#now() + BASIC_REMEMBERED_MS })
    return user
  }
}
