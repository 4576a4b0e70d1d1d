// What the codes of the server, and of the nsqds behind it, mean for people.

const SENTENCES: Readonly<Record<string, string>> = {
  UNREACHABLE: 'nsqadmin could not be reached.',
  TIMEOUT: 'nsqadmin has not answered in time.',
  FORBIDDEN: 'You may look, but not change anything.',
  LOGIN_REQUIRED: 'You have to log in first.',
  INVALID_CREDENTIALS: 'User name or password is wrong.',
  TOO_MANY_ATTEMPTS: 'Too many attempts. Wait a minute, then try again.',
  INVALID_TOPIC: 'This is not a valid topic name.',
  INVALID_CHANNEL: 'This is not a valid channel name.',
  TOPIC_NOT_FOUND: 'There is no such topic.',
  CHANNEL_NOT_FOUND: 'There is no such channel.',
  NODE_NOT_FOUND: 'There is no such node.',
  TOPIC_HAS_NO_CHANNEL: 'The topic has no channel yet: a tail would take the messages that wait for the first one.',
  TOO_MANY_TAILS: 'Too many tails are open. Close one, then try again.',
  NOT_SUPPORTED: 'This nsqd is the original, or an older version, and does not know how to do that.',
  NODE_WANTS_TOKEN: 'This nsqd wants a token with the role admin: give nsqadmin one with --http-client-token-file.',
  MESSAGE_NOT_FOUND: 'The message is no longer there: it was finished, or sent elsewhere.',
  MESSAGE_NOT_DEFERRED: 'The message is no longer deferred: it is in the line, or with a consumer.',
  NO_DEAD_LETTERS: 'There are no dead letters of this channel.',
  FROM_NOT_FOUND: 'The dead-letter topic has no such channel.',
  MISSING_ARG_FROM: 'The dead-letter topic has several channels: choose the one to take the letters from.',
  REDRIVE_RUNNING: 'Dead letters of this channel are on their way back already.',
  REDRIVE_NOT_RUNNING: 'No dead letters are on their way back.',
  CHANNEL_EPHEMERAL: 'An ephemeral channel, or one of an ephemeral topic, has no retry policy.',
  INVALID_MAX_ATTEMPTS: 'The attempts must be a whole number from 0 to 10,000.',
  INVALID_BACKOFF: 'The waits must be durations with commas between them, such as 1s,10s,1m.',
  INVALID_JITTER: 'The jitter must be a whole number of percent, from 0 to 100.',
  INVALID_DEAD_LETTER_TOPIC:
    'The dead-letter topic must be a valid name, not that of an ephemeral topic, and not the topic itself.',
  NOT_RETAINED: 'It keeps nothing of what was finished: that needs --retain-for or --retain-bytes at nsqd.',
  TO_IN_FUTURE: 'This time is yet to come.',
  TOPIC_FULL: 'That would be more than the topic may hold (--max-topic-bytes).',
  INVALID_DEFER: 'This nsqd does not let messages wait for so long.',
  DISK_FULL: 'The disk of this nsqd is full.',
  DISK_FAILED: 'The disk of this nsqd fails.',
}

/** A sentence for the code of an answer; what the server says otherwise is one already. */
export function explain(status: number, code: string): string {
  const text = sentenceFor(code) ?? code.replace(/^UPSTREAM_ERROR: /, 'No node could be asked: ')
  return text === '' ? `nsqadmin has answered with status ${status}.` : text
}

/** As `explain`, where it is known which node it was. */
export function explainNode(code: string): string {
  return sentenceFor(code) ?? code.replace(/^UPSTREAM_ERROR: /, '')
}

/** The lines of a warning: each names a node, and why it did not do its part. */
export function explainWarning(message: string): string {
  const lines = message.replace(/^WARNING: /, '').split('\n')
  return lines
    .map((line) =>
      line.replace(/^(\S+): ([A-Z_]+)$/, (_all, node: string, code: string) => {
        return `${node}: ${explainNode(code)}`
      }),
    )
    .join('\n')
}

function sentenceFor(code: string): string | undefined {
  return Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined
}
