import { Consumer as NsqConsumer, type Message, Producer } from '@nsq-ts/client'
import type { Consumer, ConsumerSettings, Library, Publisher } from './library.ts'

/** The client of this project. */
export const nsqTs: Library = { name: '@nsq-ts/client', connectPublisher, connectConsumer }

function connectPublisher(port: number): Promise<Publisher> {
  const producer = new Producer({ nsqd: `127.0.0.1:${port}` })
  return Promise.resolve({
    publish: (topic, body) => producer.publish(topic, body),
    publishDeferred: (topic, body, delayMs) => producer.publish(topic, body, { defer: delayMs }),
    close: () => producer.close(),
  })
}

function connectConsumer(settings: ConsumerSettings): Promise<Consumer> {
  const { channel, msgTimeoutMs, onMessage, port, ready, topic } = settings
  const consumer = new NsqConsumer({
    topic,
    channel,
    nsqd: `127.0.0.1:${port}`,
    maxInFlight: ready,
    msgTimeout: msgTimeoutMs,
    autoTouch: false, // else nothing would time out that a handler hangs on
  })
  const errorCodes = new Set<string>()
  consumer.on('error', (error) => errorCodes.add(error.code))
  const handle = (message: Message): Promise<void> =>
    new Promise((answered) => {
      message.signal.addEventListener('abort', () => answered()) // nsqd took it back
      onMessage({
        index: Number(message.body.toString()),
        attempts: message.attempts,
        finish() {
          message.finish()
          answered()
        },
        requeue(delay) {
          message.requeue({ delay, backoff: false })
          answered()
        },
      })
    })
  void consumer.run(handle, { concurrency: ready })
  return Promise.resolve({
    errorCodes,
    die: () => void consumer.close({ timeout: 0 }),
    [Symbol.asyncDispose]: () => consumer.close({ timeout: 0 }),
  })
}
