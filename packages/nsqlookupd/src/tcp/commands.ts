// REGISTER and UNREGISTER (nsqlookupd.md, sections 4.3 and 4.5).
import type { Logger } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName, ProtocolError } from '@nsq-ts/protocol'
import type { Peer } from '../registrations/peer.ts'
import type { RegistrationDb } from '../registrations/registration-db.ts'

export interface CommandContext {
  readonly db: RegistrationDb
  readonly logger: Logger
  readonly address: string
  readonly count: (command: string) => void
}

interface Names {
  readonly topic: string
  /** Empty: the command is about the topic. */
  readonly channel: string
}

/**
 * Runs a command line whose answer is OK.
 * @throws {ProtocolError} E_INVALID, E_BAD_TOPIC, E_BAD_CHANNEL
 */
export function execute(
  word: string,
  parameters: readonly string[],
  peer: Peer | undefined,
  context: CommandContext,
): void {
  if (word !== 'REGISTER' && word !== 'UNREGISTER') {
    context.count('other')
    throw new ProtocolError('E_INVALID', latin1(`invalid command ${word}`))
  }
  context.count(word)
  if (peer === undefined) throw new ProtocolError('E_INVALID', 'client must IDENTIFY')
  const names = readNames(word, parameters)
  if (word === 'REGISTER') register(peer, names, context)
  else unregister(peer, names, context)
}

function readNames(command: string, [topic, channel = '']: readonly string[]): Names {
  if (topic === undefined) throw new ProtocolError('E_INVALID', `${command} insufficient number of params`)
  if (!isValidTopicName(topic)) {
    throw new ProtocolError('E_BAD_TOPIC', latin1(`${command} topic name '${topic}' is not valid`))
  }
  if (channel !== '' && !isValidChannelName(channel)) {
    throw new ProtocolError('E_BAD_CHANNEL', latin1(`${command} channel name '${channel}' is not valid`))
  }
  return { topic, channel }
}

function register(peer: Peer, { topic, channel }: Names, { db, logger, address }: CommandContext): void {
  if (channel !== '' && db.registerChannel(peer, topic, channel)) {
    logger.info(() => `DB: client(${address}) REGISTER category:channel key:${topic} subkey:${channel}`)
  }
  if (db.registerTopic(peer, topic)) {
    logger.info(() => `DB: client(${address}) REGISTER category:topic key:${topic} subkey:`)
  }
}

function unregister(peer: Peer, { topic, channel }: Names, { db, logger, address }: CommandContext): void {
  if (channel !== '') {
    if (db.unregisterChannel(peer, topic, channel)) {
      logger.info(() => `DB: client(${address}) UNREGISTER category:channel key:${topic} subkey:${channel}`)
    }
    return
  }
  const { removed, channels } = db.unregisterTopic(peer, topic)
  for (const name of channels) {
    logger.warn(() => `client(${address}) unexpected UNREGISTER category:channel key:${topic} subkey:${name}`)
  }
  if (removed) logger.info(() => `DB: client(${address}) UNREGISTER category:topic key:${topic} subkey:`)
}

/** The peer's own bytes go back as they came. */
function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
