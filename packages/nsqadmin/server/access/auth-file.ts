import { readFile } from 'node:fs/promises'
import { hashPassword, isPasswordHash, verifyPassword } from './password.ts'

/** `viewer` sees everything, `operator` may act as well. */
export type UserRole = 'viewer' | 'operator'

export interface User {
  readonly name: string
  readonly role: UserRole
}

interface Entry extends User {
  readonly hash: string
}

export class AuthFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuthFileError'
  }
}

export const USER_NAME = /^[\w.@+-]{1,64}$/

/** A line of the file. */
export function authLine(user: User, hash: string): string {
  return `${user.name}:${user.role}:${hash}`
}

/**
 * The users of --auth-file: a line `name:role:hash` each, `#` begins a comment. Files of a few users are what this is for; whoever
 * has many puts a proxy in front that knows them.
 */
export class AuthFile {
  readonly #path: string
  #entries = new Map<string, Entry>()
  #nobody = ''

  constructor(path: string) {
    this.#path = path
  }

  /** Reads the file, also again; what it said before stays in force if it is wrong. @throws {AuthFileError} */
  async load(): Promise<void> {
    this.#nobody ||= await hashPassword('')
    this.#entries = parse(await this.#read())
  }

  /** As the file says now; undefined: no longer in it. */
  user(name: string): User | undefined {
    return this.#entries.get(name)
  }

  /** The user, if the password is right. Takes as long for a name that does not exist. */
  async check(name: string, password: string): Promise<User | undefined> {
    const entry = this.#entries.get(name)
    const right = await verifyPassword(password, entry?.hash ?? this.#nobody)
    return right ? entry : undefined
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (cause) {
      throw new AuthFileError(`failed to read --auth-file (${this.#path}) - ${(cause as Error).message}`, { cause })
    }
  }
}

function parse(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [name = '', role = '', hash = '', ...rest] = line.split(':')
    const problem = problemOf(name, role, hash, rest.length, entries)
    if (problem !== undefined) throw new AuthFileError(`--auth-file line ${index + 1}: ${problem}`)
    entries.set(name, { name, role: role as UserRole, hash })
  }
  if (entries.size === 0) throw new AuthFileError('--auth-file has no users; `nsqadmin auth-line` makes a line')
  return entries
}

function problemOf(
  name: string,
  role: string,
  hash: string,
  surplus: number,
  entries: ReadonlyMap<string, Entry>,
): string | undefined {
  if (surplus > 0) return 'expected name:role:hash'
  if (!USER_NAME.test(name)) return `${JSON.stringify(name)} is no user name`
  if (role !== 'viewer' && role !== 'operator') return `${JSON.stringify(role)} is no role (viewer, operator)`
  if (!isPasswordHash(hash)) return 'the hash is not one that `nsqadmin auth-line` makes'
  return entries.has(name) ? `${name} stands in it twice` : undefined
}
