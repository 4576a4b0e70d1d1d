import { once } from 'node:events'
import squeakyModule from 'squeaky'
import type { Consumer, ConsumerSettings, Library, Publisher } from './library.ts'

/** squeaky, a client that shares no code with nsqjs. */
export const squeaky: Library = { name: 'squeaky', connectPublisher, connectConsumer }

const HOST = '127.0.0.1'

async function connectPublisher(port: number): Promise<Publisher> {
  const publisher = new squeakyModule.Publisher({ host: HOST, port })
  await once(publisher, 'ready')
  return {
    async publish(topic, body) {
      requireOk(await publisher.publish(topic, body))
    },
    async publishDeferred(topic, body, delayMs) {
      requireOk(await publisher.publish(topic, body, delayMs))
    },
    close: () => publisher.close(),
  }
}

async function connectConsumer(settings: ConsumerSettings): Promise<Consumer> {
  const { port, topic, channel, ready, msgTimeoutMs, onMessage } = settings
  const subscriber = new squeakyModule.Subscriber({
    host: HOST,
    port,
    topic,
    channel,
    concurrency: ready,
    timeout: msgTimeoutMs,
  })
  const errorCodes = new Set<string>()
  let dead = false
  subscriber.on('error', (error) => errorCodes.add(error.code ?? error.message))
  const subscribed = once(subscriber, 'distributeComplete')
  subscriber.on('message', (message) => {
    const answer = (sent: Promise<void>) => {
      sent.catch((error: unknown) => {
        if (!dead) errorCodes.add(String(error))
      })
    }
    onMessage({
      index: Number(message.body),
      attempts: message.attempts,
      finish: () => answer(message.finish()),
      requeue: (delayMs) => answer(message.requeue(delayMs)),
    })
  })
  await subscribed
  return {
    errorCodes,
    die() {
      dead = true
      for (const { socket } of subscriber.connections.values()) {
        socket._disableReconnects(false)
        socket.destroy()
      }
    },
    async [Symbol.asyncDispose]() {
      if (!dead) await subscriber.close()
    },
  }
}

function requireOk(answer: string): void {
  if (answer !== 'OK') throw new Error(`not OK: ${answer}`)
}
