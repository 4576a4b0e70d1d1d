// What the core costs per message, without sockets and disk: publish, distribute, hand out, finish. Build first.
import { Bench } from 'tinybench'
import { Scanner } from '../dist/core/scanner.js'
import { TopicRegistry } from '../dist/core/topic-registry.js'
import { TurnQueue } from '../dist/core/turn-queue.js'
import { BlockPool } from '../dist/log/block-pool.js'
import { systemAlarm, systemClock } from '../dist/system-clock.js'
import { Consumer } from './consumer.mjs'

const MESSAGES = 2500 // a full default RDY
const BODY = Buffer.alloc(200, 'a')
const BLOCK_SIZE = 1024 * 1024

/** A topic with `channelCount` channels of one consumer each; a round takes MESSAGES through all of them. */
function roundOf(channelCount) {
  const clock = systemClock()
  const turn = new TurnQueue(() => {})
  const scanner = new Scanner(clock, systemAlarm)
  const registry = new TopicRegistry({
    clock,
    random: Math.random,
    turn,
    scanner,
    pool: new BlockPool(BLOCK_SIZE, 16),
    options: {
      nodeId: 0,
      memQueueSize: 10_000,
      maxMsgTimeoutMs: 900_000,
      topologyAware: false,
      requeueOnDisconnect: false,
    },
  })
  const topic = registry.topic('topic')
  const consumers = Array.from({ length: channelCount }, (_, i) => {
    const channel = registry.channel(topic, `channel${i}`)
    const consumer = new Consumer(MESSAGES)
    return { channel, consumer, lane: channel.subscribe(consumer) }
  })
  const round = () => {
    for (let i = 0; i < MESSAGES; i++) topic.publish(BODY, 0, BODY.length)
    turn.run()
    for (const { channel, consumer, lane } of consumers) {
      const finished = consumer.finishAll(channel, lane)
      if (finished !== MESSAGES) throw new Error(`${finished} messages came through`)
    }
    turn.run()
  }
  return { round, close: () => scanner.close() }
}

const bench = new Bench({ time: 1000, warmupTime: 500 })
const topics = [1, 8].map((channelCount) => ({ channelCount, ...roundOf(channelCount) }))
for (const { channelCount, round } of topics) bench.add(`${channelCount} channel(s)`, round)
await bench.run()
for (const { close } of topics) close()
for (const [i, { name, result }] of bench.tasks.entries()) {
  if (result.error !== undefined) throw result.error
  const deliveries = MESSAGES * topics[i].channelCount
  console.log(
    `${name}: ${((result.latency.p50 * 1e6) / deliveries).toFixed(0)} ns a delivery (± ${result.latency.rme.toFixed(1)} %)`,
  )
}
