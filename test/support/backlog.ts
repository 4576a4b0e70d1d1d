// Many messages at once: publishing them with an OK for each, and taking all that is there.
import { setTimeout as sleep } from 'node:timers/promises'
import { dpub, fin, mpub, pub, rdy, sub, type WireMessage } from '@nsq-ts/protocol'
import { eventually } from './eventually.ts'
import type { NsqdProcess } from './nsqd-process.ts'

/** What is answered in one go. */
const AHEAD = 250
const READY_MAX = 2500

/** Publishes each body by a command of its own. Resolves when all are acknowledged. @throws at the first that is refused */
export async function publishEach(
  nsqd: NsqdProcess,
  topic: string,
  bodies: readonly (string | Buffer)[],
  deferMs = 0,
): Promise<void> {
  using client = await nsqd.connect()
  for (let at = 0; at < bodies.length; at += AHEAD) {
    const some = bodies.slice(at, at + AHEAD).map((body) => Buffer.from(body))
    client.send(...some.map((body) => (deferMs === 0 ? pub(topic, body) : dpub(topic, deferMs, body))))
    for (let i = 0; i < some.length; i++) await client.ok()
  }
}

/** Publishes batches. Resolves when all are acknowledged. @throws at the first that is refused */
export async function publishBatches(
  nsqd: NsqdProcess,
  topic: string,
  batches: Iterable<readonly Buffer[]>,
): Promise<void> {
  using client = await nsqd.connect()
  for (const bodies of batches) {
    client.send(mpub(topic, bodies))
    await client.ok()
  }
}

/** `count` bodies that tell which they are: `name 0`, `name 1`... */
export function bodiesOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name} ${i}`)
}

export interface Taken {
  readonly body: string
  readonly attempts: number
}

/**
 * Takes and finishes what there is until `isAll`, and a little longer: what should not come would come right behind.
 * @throws what was taken until then, in short, when that does not come to be
 */
export async function takeUntil(
  nsqd: NsqdProcess,
  topic: string,
  channel: string,
  isAll: (taken: readonly Taken[]) => boolean,
): Promise<Taken[]> {
  const taken: Taken[] = []
  const onMessage = ({ attempts, body, id }: WireMessage): void => {
    taken.push({ body: body.toString('latin1'), attempts })
    client.send(fin(id))
  }
  using client = await nsqd.connect({ onMessage })
  client.send(sub(topic, channel), rdy(READY_MAX))
  await client.ok()
  await eventually(() => isAll(taken), { what: 'all messages come' }).catch((error: unknown) => {
    throw new Error(`${taken.length} messages came`, { cause: error })
  })
  await sleep(100)
  return taken
}

/** As takeUntil, until there are so many. */
export function take(nsqd: NsqdProcess, topic: string, channel: string, count: number): Promise<Taken[]> {
  return takeUntil(nsqd, topic, channel, (taken) => taken.length >= count)
}
