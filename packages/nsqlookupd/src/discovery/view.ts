// What is answered to a question at the moment, and a token that stands for it: two answers with one token are the same to whoever
// asks for producers, names or nodes. Tokens come from the content alone, so they hold across restarts and between instances that
// know the same.
import { createHash } from 'node:crypto'
import { errorReply, HttpError, replyOf } from '@nsq-ts/daemon'
import type { Reply } from '@nsq-ts/daemon'
import { nodeJson, peerJson } from './json.ts'
import type { Peer, Producer } from '../registrations/peer.ts'
import type { RegistrationDb, Subject } from '../registrations/registration-db.ts'

export interface View {
  readonly token: string
  readonly reply: Reply
  /** When time alone may change it (a producer turns inactive, a tombstone wears off); Infinity if never. */
  readonly expiresAtMs: number
}

export function viewOf(db: RegistrationDb, subject: Subject): View {
  const colon = subject.indexOf(':')
  const kind = colon === -1 ? subject : subject.slice(0, colon)
  const topic = subject.slice(colon + 1)
  switch (kind) {
    case 'topics':
      return namesView('topics', db.topics())
    case 'channels':
      return namesView('channels', db.channels(topic))
    case 'nodes':
      return nodesView(db)
    default:
      return lookupView(db, topic)
  }
}

function namesView(field: 'topics' | 'channels', names: string[]): View {
  return { token: tokenOf(names), reply: replyOf({ [field]: names }), expiresAtMs: Infinity }
}

/** GET /lookup. The token stands for the producers; channels come along but do not count. */
function lookupView(db: RegistrationDb, topic: string): View {
  if (!db.hasTopic(topic)) {
    return { token: 'unknown', reply: errorReply(new HttpError(404, 'TOPIC_NOT_FOUND')), expiresAtMs: Infinity }
  }
  const expiry = new Expiry(db)
  const listed: Peer[] = []
  for (const producer of db.producers(topic)) {
    expiry.addPeer(producer.peer)
    expiry.addTombstone(producer)
    if (db.isActive(producer.peer) && !db.isTombstoned(producer)) listed.push(producer.peer)
  }
  return {
    token: tokenOf(listed.map(nodeName).sort()),
    reply: replyOf({ channels: db.channels(topic), producers: listed.map((peer) => peerJson(peer.info)) }),
    expiresAtMs: expiry.atMs,
  }
}

/** GET /nodes. The token stands for the nodes with their topics and tombstones. */
function nodesView(db: RegistrationDb): View {
  const expiry = new Expiry(db)
  const parts: string[] = []
  const producers: object[] = []
  for (const peer of db.peers()) {
    expiry.addPeer(peer)
    if (!db.isActive(peer)) continue
    const topics = [...peer.topics.keys()]
    const tombstones = [...peer.topics.values()].map((producer) => {
      expiry.addTombstone(producer)
      return db.isTombstoned(producer)
    })
    producers.push(nodeJson(peer.info, topics, tombstones))
    const marked = topics.map((topic, index) => `${topic}${tombstones[index] ? '!' : ''}`).sort()
    parts.push(`${nodeName(peer)} ${marked.join(' ')}`)
  }
  return { token: tokenOf(parts.sort()), reply: replyOf({ producers }), expiresAtMs: expiry.atMs }
}

/** What tells nodes apart for a consumer or an operator. The connection does not: a reconnect is no news. */
function nodeName({ info }: Peer): string {
  return `${info.broadcastAddress} ${info.tcpPort} ${info.httpPort}`
}

function tokenOf(sortedParts: readonly string[]): string {
  return createHash('sha1').update(sortedParts.join('\n')).digest('base64url')
}

/** The first moment at which one of the producers seen is listed differently without anybody doing anything. */
class Expiry {
  readonly #db: RegistrationDb
  atMs = Infinity

  constructor(db: RegistrationDb) {
    this.#db = db
  }

  addPeer(peer: Peer): void {
    // "After" is later than that moment, hence the millisecond.
    if (this.#db.isActive(peer)) this.atMs = Math.min(this.atMs, this.#db.inactiveAfterMs(peer) + 1)
  }

  addTombstone(producer: Producer): void {
    if (this.#db.isTombstoned(producer)) this.atMs = Math.min(this.atMs, this.#db.tombstonedUntilMs(producer))
  }
}
