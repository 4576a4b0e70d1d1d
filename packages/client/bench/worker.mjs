// One client at one task; prints messages a second and us of CPU a message, as JSON.
import { connect } from 'node:net'
import { Consumer, Producer } from '@nsq-ts/client'
import { identify, MAGIC_V2, pub } from '@nsq-ts/protocol'

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
  'bare socket': {
    /** Writes the same bytes each time, one call at a time, and takes whatever comes for its answer. */
    async publisher() {
      let wake = () => {}
      const onread = { buffer: Buffer.alloc(65_536), callback: () => (wake(), true) }
      const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread })
      const ask = (bytes) => new Promise((resolve) => ((wake = resolve), socket.write(bytes)))
      await ask(Buffer.concat([MAGIC_V2, identify({})]))
      const command = pub(topic, body)
      return () => ask(command)
    },
  },
}

/** @returns when it began, after a first message that warms it up */
const tasks = [
  async () => {
    const publish = await clients[client].publisher()
    await publish(body)
    const begun = mark()
    for (let index = 0; index < count; index++) await publish(body)
    return begun
  },
  async () => {
    const publish = await clients[client].publisher()
    await publish(body)
    const begun = mark()
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        for (let index = 0; index < count / 100; index++) await publish(body)
      }),
    )
    return begun
  },
  async () => {
    const publish = await clients[client].publisher()
    await publish(body)
    const begun = mark()
    await Promise.all(Array.from({ length: count }, () => publish(body)))
    return begun
  },
  async () => {
    const begun = mark()
    let received = 0
    await new Promise((resolve) => void clients[client].consume(() => ++received === count && resolve()))
    return begun
  },
]

function mark() {
  return { at: performance.now(), cpu: process.cpuUsage() }
}

if (client === 'bare socket' && task !== '0') process.exit(1) // it knows one answer at a time
const { at, cpu } = await tasks[Number(task)]()
const { user, system } = process.cpuUsage(cpu)
console.log(
  JSON.stringify({ rate: Math.round((count / (performance.now() - at)) * 1000), cpuUs: (user + system) / count }),
)
process.exit(0)
