// What automatic batching brings, and its bounds: the same 200,000 publishes of 100 bytes in flight at once, 20,000 one by one, with
// other settings of `batch`.
//
//   node packages/client/bench/batching.mjs host:port
import { Producer } from '@nsq-ts/client'

const nsqd = process.argv[2] ?? '127.0.0.1:4150'
const body = Buffer.alloc(100, 120)
const settings = [false, { messages: 10 }, { messages: 100 }, { messages: 1000 }, { messages: 10_000, bytes: 4 << 20 }]

console.log('| batch | pipelined, messages a second | awaited one by one |\n|---|---|---|')
for (const batch of settings) {
  const producer = new Producer({ nsqd, batch, maxPendingMessages: 1_000_000 })
  await producer.connect()
  await rate(producer, 20_000)
  const pipelined = []
  const awaited = []
  for (let round = 0; round < 3; round++) {
    pipelined.push(await rate(producer, 200_000))
    awaited.push(await rateAwaited(producer, 20_000))
  }
  console.log(`| ${JSON.stringify(batch)} | ${Math.max(...pipelined)} | ${Math.max(...awaited)} |`)
  await producer.close()
}

async function rate(producer, count) {
  const begun = performance.now()
  await Promise.all(Array.from({ length: count }, () => producer.publish('batching', body)))
  return Math.round((count / (performance.now() - begun)) * 1000)
}

async function rateAwaited(producer, count) {
  const begun = performance.now()
  for (let index = 0; index < count; index++) await producer.publish('batching', body)
  return Math.round((count / (performance.now() - begun)) * 1000)
}
