// The tokens of --http-auth-file: who may do what over HTTP. The original has nothing of the kind.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'

/** Admin may everything; read and publish are of no use to each other. */
export type Role = 'read' | 'publish' | 'admin'

const ROLES: ReadonlySet<unknown> = new Set<Role>(['read', 'publish', 'admin'])

/** Tokens by their SHA-256: a look-up that takes as long for a token that is nearly right as for any other. */
export class TokenFile {
  readonly #file: string
  #roles: ReadonlyMap<string, Role>

  /** @throws {Error} when the file cannot be read or is not as it should be */
  constructor(file: string) {
    this.#file = file
    this.#roles = readTokens(file)
  }

  /** @throws {Error} as the constructor; the old tokens stay */
  reload(): void {
    this.#roles = readTokens(this.#file)
  }

  /** @param header of the request, `Bearer <token>` @returns undefined for none, or one that is not known */
  roleOf(header: string | undefined): Role | undefined {
    const token = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]
    return token === undefined ? undefined : this.#roles.get(digest(token))
  }
}

function readTokens(file: string): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>()
  const { token: entries = [] } = parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(entries)) throw new Error(`${file}: tokens are written as [[token]]`)
  entries.forEach((entry: unknown, index) => {
    const { role, sha256, token } = entry as { role?: unknown; sha256?: unknown; token?: unknown }
    const where = `${file}: token ${index + 1}`
    if (!ROLES.has(role)) throw new Error(`${where}: role is one of ${[...ROLES].join(', ')}`)
    const hash = hashOf(token, sha256)
    if (hash === undefined)
      throw new Error(`${where}: needs either token (not empty, without spaces) or sha256 (64 hexadecimal digits)`)
    if (roles.has(hash)) throw new Error(`${where}: is the same as one before it`)
    roles.set(hash, role as Role)
  })
  return roles
}

function hashOf(token: unknown, sha256: unknown): string | undefined {
  if (token !== undefined && sha256 !== undefined) return undefined
  if (typeof token === 'string' && /^\S+$/.test(token)) return digest(token)
  return typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256) ? sha256.toLowerCase() : undefined
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
