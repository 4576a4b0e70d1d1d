import { setTimeout as sleep } from 'node:timers/promises'
import type { NsqdProcess } from '../support/nsqd-process.ts'
import type { Random } from '../support/random.ts'
import { nameOf } from './dead-letters.ts'
import type { Ledger } from './ledger.ts'
import type { Peeked } from './peeked.ts'

const PAUSE_MAX_MS = 40
const LOOKED_AT = 20

/** Somebody who looks at what is deferred, cancels some of it and has some of it delivered now, until nsqd dies. */
export async function changeMinds(
  nsqd: NsqdProcess,
  ledger: Ledger,
  random: Random,
  topics: readonly string[],
  over: () => boolean,
): Promise<void> {
  try {
    while (!over()) {
      await sleep(random.below(PAUSE_MAX_MS))
      const topic = random.pick(topics)
      const channel = random.pick(ledger.channels(topic))
      const place = `topic=${topic}&channel=${channel}`
      const listed = await nsqd.http('GET', `/channel/deferred?${place}&limit=${LOOKED_AT}&body_max=64`)
      const { messages } = JSON.parse(listed.text) as { messages?: Peeked[] }
      if (over() || messages === undefined || messages.length === 0) continue
      const { body, id } = random.pick(messages)
      const answered = random.chance(0.6)
        ? ledger.cancels(topic, channel, nameOf(body))
        : ledger.hurries(topic, channel, nameOf(body))
      const what = answered.cancels ? 'cancel' : 'deliver'
      const { status, text } = await nsqd.http('POST', `/channel/deferred/${what}?${place}&id=${id}`)
      // 404, 409: it is not deferred any more, or not there.
      if (status !== 200 && status !== 404 && status !== 409) throw new Error(`${what} answered ${status} ${text}`)
      answered.with(status === 200)
    }
  } catch (error) {
    if (!over()) throw error
  }
}
