// Compiled, never run: what the types must refuse is marked, and the compiler complains where it does not.
import { Consumer, json, type Message, Producer, text } from '@nsq-ts/client'

interface Order {
  id: number
}

const orders = new Producer({ nsqd: 'x', codec: json<Order>() })
const plain = new Producer({ nsqd: 'x' })
// @ts-expect-error orders are no bytes: a codec is needed
void new Producer<Order>({ nsqd: 'x' })
// @ts-expect-error a body would be a Buffer, and no order
void new Consumer<Order>({ topic: 't', channel: 'c', nsqd: 'x' })
// @ts-expect-error the codec is for something else
void new Producer<Order>({ nsqd: 'x', codec: text() })
void new Producer<string>({ nsqd: 'x' }).publish('t', 'text')
void new Consumer<Buffer>({ topic: 't', channel: 'c', nsqd: 'x' })
const words = new Producer<string>({ nsqd: 'x', codec: text() })

export async function publish(): Promise<void> {
  await orders.publish('t', { id: 1 })
  await orders.publish('t', [{ id: 1 }, { id: 2 }], { timeout: '5s' })
  // @ts-expect-error a wrong member
  await orders.publish('t', { id: 'one' })
  // @ts-expect-error not an order
  await orders.publish('t', 'text')
  // @ts-expect-error one of them is wrong
  await orders.publish('t', [{ id: 1 }, {}])
  await plain.publish('t', 'text')
  await plain.publish('t', new Uint8Array(1))
  await plain.publish('t', ['a', 'b'], { at: new Date(), headers: { traceparent: '00-1' } })
  await plain.publish('t', 'text', { at: Date.now() })
  // @ts-expect-error a value is text
  await plain.publish('t', 'text', { headers: { n: 1 } })
  // @ts-expect-error no time
  await plain.publish('t', 'text', { at: '2030-01-01' })
  // @ts-expect-error without a codec only bytes and text
  await plain.publish('t', { id: 1 })
  await words.publish('t', 'text')
  // @ts-expect-error the codec takes text
  await words.publish('t', new Uint8Array(1))
  // @ts-expect-error no such option
  await words.publish('t', 'text', { delay: 1 })
}

export async function consume(): Promise<void> {
  const consumer = new Consumer({ topic: 't', channel: 'c', nsqd: 'x', codec: json<Order>() })
  void consumer.run((message) => {
    const id: number = message.body.id
    const trace: string | undefined = message.headers['traceparent']
    // @ts-expect-error they are what they are
    message.headers['traceparent'] = trace
    // @ts-expect-error an order has no name
    return [id, message.body.name]
  })
  for await (const message of consumer) {
    const order: Order = message.body
    // @ts-expect-error an order is no text
    const wrong: string = message.body
    void [order, wrong]
  }
  for await (const batch of consumer.batches({ size: 10 })) {
    const bodies: Order[] = batch.bodies
    void bodies
  }
  const bytes = new Consumer({ topic: 't', channel: 'c', nsqd: 'x' })
  void bytes.run((message: Message) => {
    const body: Buffer = message.body
    return body
  })
  // @ts-expect-error a channel is needed
  void new Consumer({ topic: 't', nsqd: 'x' })
}
