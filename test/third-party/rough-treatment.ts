// The scenario that each third-party library goes through. Every message that was published must be finished on each
// channel, whatever happens to those who consume it, and at the end nothing may be left anywhere.
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type ChannelStats, NsqdProcess } from '../support/nsqd-process.ts'
import { Ledger } from './ledger.ts'
import type { Consumer, Delivery, Library } from './library.ts'

export const MESSAGE_COUNT = 100_000
const DEFERRED_COUNT = 200
const SINGLE_COUNT = 800
const BATCH_SIZE = 500
const DOOMED = fileURLToPath(new URL('./doomed-consumer.mjs', import.meta.url))

const TOPIC = 'rough'
/** One consumer that finishes everything at once. */
const STEADY = 'steady'
/** Requeues, time-outs, and consumers that die. */
const STORMY = 'stormy'
/** Nobody until everything was published. */
const LATE = 'late'

/** What the stormy consumer does with a message that comes for the first time. */
const Fate = { finish: 0, requeueNow: 1, requeueLater: 2, timeOut: 3, finishTooLate: 4 } as const
type Fate = (typeof Fate)[keyof typeof Fate]

function fateOf(index: number): Fate {
  if (index % 50 === 7) return Fate.requeueNow
  if (index % 50 === 23) return Fate.requeueLater
  if (index % 1000 === 411) return Fate.timeOut
  if (index % 1000 === 811) return Fate.finishTooLate
  return Fate.finish
}

export async function treatRoughly(library: Library): Promise<void> {
  await using nsqd = await NsqdProcess.start()
  const ledgers = {
    [STEADY]: new Ledger(MESSAGE_COUNT),
    [STORMY]: new Ledger(MESSAGE_COUNT),
    [LATE]: new Ledger(MESSAGE_COUNT),
  }
  await nsqd.http('POST', `/topic/create?topic=${TOPIC}`)
  for (const channel of Object.keys(ledgers)) {
    await nsqd.http('POST', `/channel/create?topic=${TOPIC}&channel=${channel}`)
  }
  const consume = (channel: string, ready: number, msgTimeoutMs: number, onMessage: (delivery: Delivery) => void) =>
    library.connectConsumer({ port: nsqd.tcpPort, topic: TOPIC, channel, ready, msgTimeoutMs, onMessage })
  const finishAll = (ledger: Ledger) => (delivery: Delivery) => {
    ledger.finish(delivery.index)
    delivery.finish()
  }

  await using steady = await consume(STEADY, 500, 60_000, finishAll(ledgers[STEADY]))
  await using stormy = await consume(STORMY, 500, 1500, (delivery) => storm(delivery, ledgers[STORMY]))
  const casualty = dieAfter(3000, 100, ledgers[STORMY])
  await using doomed = await consume(STORMY, 200, 1000, (delivery) => casualty.onMessage(delivery))
  casualty.consumer = doomed
  const killed = await startDoomed(library, nsqd.tcpPort, 1000, 100, ledgers[STORMY])

  await Promise.all([publishAll(library, nsqd.tcpPort), killed.over])
  await using late = await consume(LATE, 1000, 60_000, finishAll(ledgers[LATE]))
  expect(casualty.died).toBe(true)

  await eventually(async () => (await channelsOf(nsqd)).every(isAtRest), {
    what: 'nothing is queued, in flight or deferred',
    timeoutMs: 40_000,
    intervalMs: 100,
  })
  for (const ledger of Object.values(ledgers)) expect(ledger.missing()).toEqual([])
  for (const channel of await channelsOf(nsqd)) expect(channel.message_count).toBe(MESSAGE_COUNT)
  const figures = await nsqd.channel(TOPIC, STORMY)
  expect(figures.requeue_count).toBeGreaterThan(100)
  expect(figures.timeout_count).toBeGreaterThan(200) // what the two dead ones held, and more
  expect([...steady.errorCodes, ...late.errorCodes]).toEqual([])
  expect([...stormy.errorCodes]).toEqual(['E_FIN_FAILED']) // the ones that were too late, and nothing else
  expect(nsqd.crash).toBeUndefined()
}

/** In batches, one by one, and deferred: each index once. */
async function publishAll(library: Library, port: number): Promise<void> {
  const publisher = await library.connectPublisher(port)
  const bodies = Array.from({ length: MESSAGE_COUNT }, (_, index) => String(index))
  const batched = bodies.splice(0, MESSAGE_COUNT - SINGLE_COUNT - DEFERRED_COUNT)
  const single = bodies.splice(0, SINGLE_COUNT)
  while (batched.length > 0) await publisher.publish(TOPIC, batched.splice(0, BATCH_SIZE))
  for (const body of single) await publisher.publish(TOPIC, body)
  for (const body of bodies) await publisher.publishDeferred(TOPIC, body, 300)
  await publisher.close()
}

function storm(delivery: Delivery, ledger: Ledger): void {
  const finish = () => {
    ledger.finish(delivery.index)
    delivery.finish()
  }
  if (delivery.attempts > 1) return finish()
  switch (fateOf(delivery.index)) {
    case Fate.finish:
      return finish()
    case Fate.requeueNow:
      return delivery.requeue(0)
    case Fate.requeueLater:
      return delivery.requeue(200)
    case Fate.timeOut:
      return
    case Fate.finishTooLate: {
      // It came again and was finished then, so that this FIN counts for nothing. (Sent before that, it might still count.)
      const finishAgain = () => ledger.has(delivery.index) && delivery.finish()
      setTimeout(finishAgain, 2000)
      return
    }
  }
}

/** Finishes some, then holds some, and loses its socket while it holds them. */
function dieAfter(finishCount: number, holdCount: number, ledger: Ledger) {
  let count = 0
  const casualty = {
    consumer: undefined as Consumer | undefined,
    died: false,
    onMessage(delivery: Delivery): void {
      if (casualty.died) return
      count++
      if (count <= finishCount) {
        ledger.finish(delivery.index)
        delivery.finish()
      } else if (count === finishCount + holdCount) {
        casualty.died = true
        casualty.consumer?.die()
      }
    },
  }
  return casualty
}

/**
 * The same in a process of its own, which is killed. What it finished counts. Resolves once it is subscribed; `over` when
 * it is dead.
 */
async function startDoomed(library: Library, port: number, finishCount: number, holdCount: number, ledger: Ledger) {
  const args = [DOOMED, library.name, String(port), TOPIC, STORMY, String(finishCount), String(holdCount)]
  const child = execa(process.execPath, args, { buffer: false, reject: false, stdin: 'ignore', stderr: 'inherit' })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('subscribed')
  return { over: followUntilKilled() }

  async function followUntilKilled(): Promise<void> {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      if (line.value === 'holding') child.kill('SIGKILL')
      else ledger.finish(Number(line.value))
    }
    expect((await child).signal).toBe('SIGKILL')
  }
}

async function channelsOf(nsqd: NsqdProcess): Promise<ChannelStats[]> {
  const topic = (await nsqd.topics()).find(({ topic_name }) => topic_name === TOPIC)
  return topic?.channels ?? []
}

function isAtRest({ depth, in_flight_count, deferred_count, message_count }: ChannelStats): boolean {
  return message_count === MESSAGE_COUNT && depth === 0 && in_flight_count === 0 && deferred_count === 0
}
