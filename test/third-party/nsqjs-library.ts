import { once } from 'node:events'
import { Reader, Writer } from 'nsqjs'
import type { Consumer, ConsumerSettings, Delivery, Library, Publisher } from './library.ts'

/** nsqjs, the library of the NSQ project for Node. */
export const nsqjs: Library = { name: 'nsqjs', connectPublisher, connectConsumer }

/** Where a Reader keeps its connections; not in its types. */
interface ReaderInside {
  readonly readerRdy: { readonly connections: readonly { readonly conn: { destroy(): void } }[] }
}

async function connectPublisher(port: number): Promise<Publisher> {
  const writer = new Writer('127.0.0.1', port)
  writer.connect()
  await once(writer, Writer.READY)
  const answered = (publish: (callback: (error?: Error) => void) => void) =>
    new Promise<void>((resolve, reject) => publish((error) => (error ? reject(error) : resolve())))
  return {
    publish: (topic, body) => answered((callback) => writer.publish(topic, body, callback)),
    // deferPublish wants an array, although its README says otherwise
    publishDeferred: (topic, body, delayMs) =>
      answered((callback) => writer.deferPublish(topic, [body], delayMs, callback)),
    async close() {
      const closed = once(writer, Writer.CLOSED)
      writer.close()
      await closed
    },
  }
}

async function connectConsumer(settings: ConsumerSettings): Promise<Consumer> {
  const reader = new Reader(settings.topic, settings.channel, {
    nsqdTCPAddresses: `127.0.0.1:${settings.port}`,
    maxInFlight: settings.ready,
    messageTimeout: settings.msgTimeoutMs,
  })
  const errorCodes = new Set<string>()
  reader.on('error', (error) => errorCodes.add(/E_\w+/.exec(error.message)?.[0] ?? error.message))
  reader.on('message', (message) => {
    const delivery: Delivery = {
      index: Number(message.body.toString()),
      attempts: message.attempts,
      finish: () => message.finish(),
      requeue: (delayMs) => message.requeue(delayMs, false),
    }
    settings.onMessage(delivery)
  })
  reader.connect()
  await once(reader, Reader.READY)
  return {
    errorCodes,
    die() {
      const { connections } = (reader as unknown as ReaderInside).readerRdy
      for (const { conn } of connections) conn.destroy()
      reader.close()
    },
    [Symbol.asyncDispose]() {
      reader.close()
      return Promise.resolve()
    },
  }
}
