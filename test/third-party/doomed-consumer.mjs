// A consumer that lives to be killed: finishes some messages, keeps the next ones in flight for ever, and says so.
//
//   node doomed-consumer.mjs nsqjs|squeaky PORT TOPIC CHANNEL FINISH-COUNT HOLD-COUNT
//
// On standard output, a line each: `subscribed`; the body of each message, before it is finished; `holding`.
import { writeSync } from 'node:fs'
import { Reader } from 'nsqjs'
import squeaky from 'squeaky'

const [library, port, topic, channel, finishCount, holdCount] = process.argv.slice(2)
const MSG_TIMEOUT_MS = 1000
let count = 0

function receive(message) {
  count++
  if (count <= Number(finishCount)) {
    writeSync(1, `${message.body}\n`) // first: if we die in between, it comes again, which is allowed
    void message.finish()
  } else if (count === Number(finishCount) + Number(holdCount)) {
    writeSync(1, 'holding\n')
  }
}

if (library === 'nsqjs') {
  const reader = new Reader(topic, channel, {
    nsqdTCPAddresses: `127.0.0.1:${port}`,
    maxInFlight: Number(holdCount),
    messageTimeout: MSG_TIMEOUT_MS,
  })
  reader.on('error', () => {}) // held messages time out; that is the point
  reader.on('ready', () => writeSync(1, 'subscribed\n'))
  reader.on('message', receive)
  reader.connect()
} else {
  const settings = { host: '127.0.0.1', port: Number(port), topic, channel, timeout: MSG_TIMEOUT_MS }
  const subscriber = new squeaky.Subscriber({ ...settings, concurrency: Number(holdCount) })
  subscriber.on('error', () => {})
  subscriber.on('distributeComplete', () => writeSync(1, 'subscribed\n'))
  subscriber.on('message', receive)
}
