// One client at one task; prints messages a second.
import { Consumer, Producer } from '@nsq-ts/client'

const [client, task, topic, portText, countText] = process.argv.slice(2)
const port = Number(portText)
const count = Number(countText)
const body = Buffer.alloc(100, 120)

const clients = {
  'nsq-ts': {
    async publisher() {
      const producer = new Producer({ nsqd: `127.0.0.1:${port}` })
      await producer.connect()
      return (message) => producer.publish(topic, message)
    },
    consume(onMessage) {
      const consumer = new Consumer({ topic, channel: 'c', nsqd: `127.0.0.1:${port}` })
      // eslint-disable-next-line typescript/require-await -- the handler of an application is async
      void consumer.run(async () => onMessage(), { concurrency: 100 })
    },
  },
  nsqjs: {
    async publisher() {
      const { default: nsqjs } = await import('nsqjs')
      const writer = new nsqjs.Writer('127.0.0.1', port)
      writer.connect()
      await new Promise((resolve) => writer.on('ready', resolve))
      return (message) =>
        new Promise((resolve, reject) => writer.publish(topic, message, (error) => (error ? reject(error) : resolve())))
    },
    async consume(onMessage) {
      const { default: nsqjs } = await import('nsqjs')
      const reader = new nsqjs.Reader(topic, 'c', { nsqdTCPAddresses: `127.0.0.1:${port}`, maxInFlight: 100 })
      reader.on('message', (message) => {
        message.finish()
        onMessage()
      })
      reader.connect()
    },
  },
  squeaky: {
    async publisher() {
      const { default: squeaky } = await import('squeaky')
      const publisher = new squeaky.Publisher({ host: '127.0.0.1', port })
      publisher.on('error', () => {})
      return (message) => publisher.publish(topic, message)
    },
    async consume(onMessage) {
      const { default: squeaky } = await import('squeaky')
      const subscriber = new squeaky.Subscriber({ topic, channel: 'c', host: '127.0.0.1', port, concurrency: 100 })
      subscriber.on('error', () => {})
      subscriber.on('message', (message) => {
        void message.finish()
        onMessage()
      })
    },
  },
}

const startedAt = await (async () => {
  if (task === '2') {
    const begun = performance.now()
    let received = 0
    await new Promise((resolve) => void clients[client].consume(() => ++received === count && resolve()))
    return begun
  }
  const publish = await clients[client].publisher()
  await publish(body)
  const begun = performance.now()
  if (task === '0') {
    for (let index = 0; index < count; index++) await publish(body)
  } else {
    await Promise.all(Array.from({ length: count }, () => publish(body)))
  }
  return begun
})()
console.log(Math.round((count / (performance.now() - startedAt)) * 1000))
process.exit(0)
