// A message that no consumer gets done ends in the dead-letter topic, once, whatever the client and however it fails.
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import type { Delivery, Library } from './library.ts'
import { nsqTs } from './nsq-ts-library.ts'
import { nsqjs } from './nsqjs-library.ts'
import { squeaky } from './squeaky-library.ts'

/** As many as work with every client: at their sixth, go-nsq and pynsq drop a message without a word. */
const ATTEMPTS_MAX = 5
/** Where each takes a time-out. */
const ATTEMPTS = 3
const TOPIC = 'poisoned'
const CHANNEL = 'work'
const DEAD = `${TOPIC}.${CHANNEL}.dlq`

interface Letter {
  body: string
  headers: Record<string, string>
}

describe.each([nsqjs, squeaky, nsqTs])('$name', (library) => {
  test('by requeue', async () => {
    await using nsqd = await NsqdProcess.start([`--max-attempts=${ATTEMPTS_MAX}`])
    const attempts: number[] = []
    await using consumer = await consume(library, nsqd.tcpPort, (delivery) => {
      if (delivery.index !== 0) return delivery.finish()
      attempts.push(delivery.attempts)
      delivery.requeue(0)
    })
    void consumer
    await publish(library, nsqd)
    await theOnlyLetter(nsqd, 'requeued', ATTEMPTS_MAX)
    expect(attempts).toEqual([1, 2, 3, 4, 5])
  })

  test('by time-out', async () => {
    await using nsqd = await NsqdProcess.start([`--max-attempts=${ATTEMPTS}`])
    const attempts: number[] = []
    await using consumer = await consume(library, nsqd.tcpPort, (delivery) => {
      if (delivery.index !== 0) return delivery.finish()
      attempts.push(delivery.attempts)
    })
    void consumer
    await publish(library, nsqd)
    await theOnlyLetter(nsqd, 'timed-out')
    expect(attempts).toEqual([1, 2, 3])
  })

  test.each([
    ['taken back at its time-out', []],
    ['taken back at once', ['--requeue-on-disconnect']],
  ])('by a consumer that is killed each time, %s', async (_, flags) => {
    await using nsqd = await NsqdProcess.start([`--max-attempts=${ATTEMPTS}`, ...flags])
    await publish(library, nsqd)
    const attempts: number[] = []
    for (let i = 0; i < ATTEMPTS; i++) {
      await using cable = await Cable.to(nsqd.tcpPort)
      const consumer = await consume(library, cable.port, (delivery) => {
        if (delivery.index !== 0) return delivery.finish()
        attempts.push(delivery.attempts)
        cable.cut()
      })
      await eventually(() => attempts.length > i, { what: 'the message comes', timeoutMs: 20_000 })
      consumer.die()
    }
    await theOnlyLetter(nsqd, 'consumer-lost')
    expect(attempts).toEqual([1, 2, 3])
  })
})

/** One message at a time: when the consumer is killed, it has nothing but the poison. */
function consume(library: Library, port: number, onMessage: (delivery: Delivery) => void) {
  return library.connectConsumer({ port, topic: TOPIC, channel: CHANNEL, ready: 1, msgTimeoutMs: 1000, onMessage })
}

/** The poison is 0; the others are there to be done. */
async function publish(library: Library, nsqd: NsqdProcess): Promise<void> {
  const publisher = await library.connectPublisher(nsqd.tcpPort)
  for (let i = 0; i < 4; i++) await publisher.publish(TOPIC, String(i))
  await publisher.close()
}

async function theOnlyLetter(nsqd: NsqdProcess, reason: string, attempts = ATTEMPTS): Promise<void> {
  const letters = async (): Promise<Letter[]> => {
    const { status, text } = await nsqd.http('GET', `/topic/peek?topic=${DEAD}`)
    return status === 200 ? (JSON.parse(text) as { messages: Letter[] }).messages : []
  }
  await eventually(async () => (await letters()).length > 0, { what: 'there is a dead letter', timeoutMs: 20_000 })
  const [letter, ...others] = await letters()
  expect(others).toEqual([])
  expect(letter).toMatchObject({ body: '0', headers: { 'nsq-attempts': String(attempts), 'nsq-reason': reason } })
  const channel = await nsqd.channel(TOPIC, CHANNEL)
  expect([channel.depth, channel.deferred_count]).toEqual([0, 0])
  expect(nsqd.crash).toBeUndefined()
}

/** A way to nsqd that can be cut: for both sides the other is gone, without a word. */
class Cable implements AsyncDisposable {
  readonly #server = createServer((socket) => this.#connect(socket))
  readonly #sockets = new Set<Socket>()
  readonly #target: number
  #cut = false

  private constructor(target: number) {
    this.#target = target
  }

  static async to(target: number): Promise<Cable> {
    const cable = new Cable(target)
    cable.#server.listen(0, '127.0.0.1')
    await once(cable.#server, 'listening')
    return cable
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #connect(near: Socket): void {
    if (this.#cut) {
      near.destroy()
      return
    }
    const far = connect(this.#target, '127.0.0.1')
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
  }
}
