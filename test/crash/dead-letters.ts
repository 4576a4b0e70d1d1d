// Dead letters in the lives of nsqd: each message that failed as often as it may is in the dead-letter topic once, stays there, and
// comes back once when it is sent back, whenever nsqd is killed.
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import type { NsqdProcess } from '../support/nsqd-process.ts'
import type { Random } from '../support/random.ts'
import type { Ledger } from './ledger.ts'
import { type Peeked, peekAll } from './peeked.ts'

export const FAILING = { topic: 'news', channel: 'mail', maxAttempts: 2 } as const
const TOPIC = `${FAILING.topic}.${FAILING.channel}.dlq`
/** Where letters lie: nobody consumes them. */
const GRAVES = 'graves'
const REDRIVE_TIMEOUT_MS = 60_000
const KILLS = 2
/** So that a redrive takes about this long, and is killed in its middle. */
const REDRIVE_MS = 900
/** As many go back at a time as in a tenth of a second: that is how many a crash may send back twice (docs/dead-letters.md). */
const batchOf = (rate: number): number => Math.max(1, Math.min(100, Math.floor(rate / 10)))

export const FLAGS = [`--max-attempts-for=${FAILING.topic}/${FAILING.channel}=${FAILING.maxAttempts}`]

/** Sees to it that letters have a channel from the first on. */
export async function makeGraves(nsqd: NsqdProcess): Promise<void> {
  await post(nsqd, `/topic/create?topic=${TOPIC}`)
  await post(nsqd, `/channel/create?topic=${TOPIC}&channel=${GRAVES}`)
}

/** Tells the ledger which letters there are. @param quiet nobody consumes, nor did since the start */
export async function countLetters(nsqd: NsqdProcess, ledger: Ledger, quiet: boolean): Promise<number> {
  const letters = await peekAll(nsqd, TOPIC, GRAVES, 'ready')
  ledger.letters(FAILING.topic, FAILING.channel, letters.map(letterOf), quiet)
  return letters.length
}

function letterOf({ body, headers, id }: Peeked): { name: string; id: string; attempts: number } {
  return { name: nameOf(body), id, attempts: Number(headers?.['nsq-attempts']) }
}

/** The name that the ledger gave a message: its topic and its number. */
export function nameOf(body: string): string {
  return body.split(' ', 2).join(' ')
}

/**
 * Sends all letters back while nsqd is killed again and again: each is in its channel then, and no more of them twice than were
 * under way when it was killed.
 * @param restart kills it, and starts it once more
 */
export async function redriveThroughKills(
  nsqd: NsqdProcess,
  ledger: Ledger,
  random: Random,
  restart: (nsqd: NsqdProcess) => Promise<NsqdProcess>,
): Promise<{ nsqd: NsqdProcess; kills: number }> {
  const letters = await peekAll(nsqd, TOPIC, GRAVES, 'ready')
  if (letters.length === 0) return { nsqd, kills: 0 }
  const before = await namesInChannel(nsqd)
  for (const { body } of letters) {
    if (before.has(nameOf(body))) ledger.violations.push(`${nameOf(body)} is both a dead letter and alive`)
  }
  const rate = Math.max(20, Math.ceil((1000 * letters.length) / REDRIVE_MS))
  const query = `topic=${FAILING.topic}&channel=${FAILING.channel}&from=${GRAVES}&rate=${rate}`
  await post(nsqd, `/channel/redrive?${query}`)
  let kills = 0
  for (; kills < KILLS; kills++) {
    await sleep(random.below(REDRIVE_MS))
    nsqd = await restart(nsqd)
  }
  await eventually(async () => !(await isRunning(nsqd)), { what: 'the redrive ends', timeoutMs: REDRIVE_TIMEOUT_MS })
  const left = await peekAll(nsqd, TOPIC, GRAVES, 'ready')
  if (left.length > 0) ledger.violations.push(`${left.length} of ${letters.length} dead letters were not sent back`)
  const after = await namesInChannel(nsqd)
  let extra = 0
  for (const { body } of letters) {
    const copies = after.get(nameOf(body)) ?? 0
    if (copies === 0) ledger.violations.push(`LOST: ${nameOf(body)} was a dead letter, and did not come back`)
    extra += Math.max(0, copies - 1)
    ledger.revived(FAILING.topic, FAILING.channel, nameOf(body), copies)
  }
  if (extra > kills * batchOf(rate)) {
    ledger.violations.push(`${extra} letters came back twice, of ${batchOf(rate)} at a time and ${kills} kills`)
  }
  return { nsqd, kills }
}

async function isRunning(nsqd: NsqdProcess): Promise<boolean> {
  const { text } = await nsqd.http('GET', `/channel/redrive?topic=${FAILING.topic}&channel=${FAILING.channel}`)
  return (JSON.parse(text) as { running: boolean }).running
}

/** How often each message is in the channel. */
async function namesInChannel(nsqd: NsqdProcess): Promise<Map<string, number>> {
  const names = new Map<string, number>()
  for (const state of ['ready', 'in_flight', 'deferred']) {
    for (const { body } of await peekAll(nsqd, FAILING.topic, FAILING.channel, state)) {
      names.set(nameOf(body), (names.get(nameOf(body)) ?? 0) + 1)
    }
  }
  return names
}

async function post(nsqd: NsqdProcess, path: string): Promise<void> {
  const { status, text } = await nsqd.http('POST', path)
  if (status !== 200) throw new Error(`${path} answered ${status} ${text}`)
}
