import { Pattern } from './pattern.ts'

export type Permission = 'subscribe' | 'publish'

interface Rule {
  readonly topic: Pattern
  readonly channels: readonly Pattern[]
  readonly permissions: ReadonlySet<Permission>
}

/** Decisions that are remembered: a client asks for the same few over and over. */
const REMEMBERED_MAX = 256

/** What an auth server granted a client (tcp-protocol.md sections 7.3 and 7.4). */
export class Authorization {
  readonly identity: string
  readonly identityUrl: string
  readonly ttlMs: number
  readonly #rules: readonly Rule[]
  readonly #remembered = new Map<string, boolean>()

  /**
   * Reads a server's answer. Keys match in any letter case, and what is missing is empty.
   * @throws {Error} for what is no such answer: other types, a permission that does not exist, a pattern that does not
   *   compile, a ttl that is not above 0
   */
  constructor(answer: unknown) {
    const fields = fieldsOf(answer)
    const ttl = fields.get('ttl') ?? 0
    if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl <= 0) throw new Error('the TTL is no number above 0')
    this.ttlMs = ttl * 1000
    this.identity = textOf(fields.get('identity'))
    this.identityUrl = textOf(fields.get('identity_url'))
    this.#rules = listOf(fields.get('authorizations')).map(ruleOf)
  }

  /** How many rules there are; none: nothing is permitted. */
  get permissionCount(): number {
    return this.#rules.length
  }

  /** @param channel empty for a publish: a rule has to let that match too */
  allows(permission: Permission, topic: string, channel: string): boolean {
    const key = `${permission} ${topic} ${channel}`
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    const allowed = this.#rules.some(
      (rule) =>
        rule.permissions.has(permission) &&
        rule.topic.matches(topic) &&
        rule.channels.some((pattern) => pattern.matches(channel)),
    )
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
    this.#remembered.set(key, allowed)
    return allowed
  }
}

function ruleOf(value: unknown): Rule {
  const fields = fieldsOf(value)
  return {
    topic: new Pattern(textOf(fields.get('topic'))),
    channels: listOf(fields.get('channels')).map((channel) => new Pattern(textOf(channel))),
    permissions: new Set(listOf(fields.get('permissions')).map(permissionOf)),
  }
}

function permissionOf(value: unknown): Permission {
  if (value === 'subscribe' || value === 'publish') return value
  throw new Error(`unknown permission ${textOf(value)}`)
}

/** The members of an object by their names in lower case; null members are as if they were missing. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('expected a JSON object')
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return new Map(members.map(([name, member]) => [name.toLowerCase(), member]))
}

function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new Error('expected a JSON string')
  return value
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error('expected a JSON list')
  return value
}
