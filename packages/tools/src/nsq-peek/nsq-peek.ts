// nsq_peek: looks at messages without consuming them, and sends dead letters back.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, AdminError, type MessageState, NsqError, type PeekedMessage } from '@nsq-ts/client'
import type { Log } from '../program/log.ts'
import { Refusal } from '../program/refusal.ts'
import type { Tool } from '../program/run-tool.ts'
import { holdFor, parseCondition } from './json-path.ts'
import { checkNsqPeekOptions, type NsqPeekOptions, nsqPeekTable } from './options.ts'
import { jsonLine, shownMessage } from './shown-message.ts'

/** How often it is asked how far a redrive is. */
const PROGRESS_INTERVAL_MS = 200
/** Bytes: more than any message has. */
const BODY_WHOLE = 2 ** 40

export const nsqPeek: Tool<typeof nsqPeekTable> = {
  name: 'nsq_peek',
  table: nsqPeekTable,
  examples: [
    { what: 'the next ten messages of a channel', command: 'nsq_peek --topic=orders --channel=billing' },
    {
      what: 'all dead letters of a customer, as lines of JSON',
      command: 'nsq_peek --topic=orders --channel=billing --dead --where=customer.id=7 -n 0 --json',
    },
    {
      what: 'the dead letters go back to their channel, ten a second',
      command: 'nsq_peek --topic=orders --channel=billing --redrive --rate=10',
    },
  ],
  async run({ options, log, stop }) {
    checkNsqPeekOptions(options)
    const { httpToken, nsqdHttpAddress } = options
    try {
      const admin = new Admin({ nsqd: nsqdHttpAddress, ...(httpToken !== '' && { token: httpToken }) })
      if (options.redrive) await redrive(admin, options, log, stop)
      else await show(admin, options, stop)
    } catch (error) {
      if (error instanceof NsqError) throw new Refusal(`ERROR: ${error.message}`, { cause: error })
      throw error
    }
  },
}

async function show(admin: Admin, options: NsqPeekOptions, stop: AbortSignal): Promise<void> {
  const conditions = options.where.map(parseCondition)
  const colours = process.stdout.isTTY && !process.env['NO_COLOR']
  let left = options.count === 0 ? Infinity : options.count
  for await (const message of messages(admin, options)) {
    if (stop.aborted) return
    if (!holdFor(conditions, message.body)) continue
    await write(options.json ? jsonLine(message) : shownMessage(message, colours))
    if (--left === 0) return
  }
}

/** Dead letters lie in a topic of their own: in its channels, and in itself while it has none. */
async function* messages(admin: Admin, options: NsqPeekOptions): AsyncGenerator<PeekedMessage> {
  const { channel, contains, dead, offset, topic } = options
  const wanted = {
    state: options.state as MessageState,
    offset,
    bodyMax: BODY_WHOLE,
    ...(contains !== '' && { contains }),
  }
  if (!dead) return yield* admin.messages(topic, channel === '' ? null : channel, wanted)
  const { deadLetterTopic } = await admin.retries(topic, channel)
  const isOurs = ({ headers }: PeekedMessage): boolean =>
    headers['nsq-origin-topic'] === topic && headers['nsq-origin-channel'] === channel
  try {
    for (const place of await admin.channels(deadLetterTopic)) {
      for await (const message of admin.messages(deadLetterTopic, place, wanted)) if (isOurs(message)) yield message
    }
  } catch (error) {
    if (!(error instanceof AdminError && error.code === 'TOPIC_NOT_FOUND')) throw error // else nothing has died yet
  }
}

async function redrive(admin: Admin, options: NsqPeekOptions, log: Log, stop: AbortSignal): Promise<void> {
  const { channel, contains, rate, topic } = options
  let progress = await admin.redrive(topic, channel, {
    ...(contains !== '' && { contains }),
    ...(rate > 0 && { rate }),
  })
  while (progress.running && !stop.aborted) {
    log.status(`${progress.sent} sent back`)
    await sleep(PROGRESS_INTERVAL_MS)
    progress = await admin.redriveProgress(topic, channel)
  }
  log.status('')
  if (progress.error !== undefined) throw new Refusal(`ERROR: ${progress.error}`)
  await write(`${progress.sent} sent back${progress.running ? ' so far; nsqd goes on' : ''}\n`)
}

/** Waits for a reader that is slow. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
