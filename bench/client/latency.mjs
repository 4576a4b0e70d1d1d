import { setTimeout as sleep } from 'node:timers/promises'
import { command, connect, FRAME, IDENTIFY } from './connection.mjs'

const ID_OFFSET = 10
const BODY_OFFSET = 26
const SETTLE_MS = 300
const LAST_MESSAGES_MS = 600

/**
 * Publishes `rate` messages a second, one at a time, each with the time in it, to one consumer that left all output buffering
 * at the server's default.
 * @returns {Promise<{ done: number, p50_ms: number, p99_ms: number }>} from publish to receive
 */
export async function latency({ port, topic, channel, rate, seconds, size }) {
  const samples = []
  const failures = []
  const onError = (error) => failures.push(error)
  const consumer = await connect(port, {
    onFrame(type, buffer, start) {
      if (type !== FRAME.message) return
      samples.push(Number(process.hrtime.bigint() - buffer.readBigInt64BE(start + BODY_OFFSET)) / 1e6)
      consumer.write(`FIN ${buffer.latin1Slice(start + ID_OFFSET, start + BODY_OFFSET)}\n`)
    },
    onError,
  })
  consumer.write(Buffer.concat([IDENTIFY, Buffer.from(`SUB ${topic} ${channel}\nRDY 100\n`)]))
  await sleep(SETTLE_MS)
  const producer = await connect(port, { onFrame() {}, onError })
  const until = Date.now() + seconds * 1000
  while (Date.now() < until && failures.length === 0) {
    const body = Buffer.alloc(Math.max(size, 8))
    body.writeBigInt64BE(process.hrtime.bigint())
    producer.write(command(`PUB ${topic}`, body))
    await sleep(1000 / rate)
  }
  await sleep(LAST_MESSAGES_MS)
  consumer.destroy()
  producer.destroy()
  if (failures.length > 0) throw failures[0]
  samples.sort((a, b) => a - b)
  return {
    done: samples.length,
    p50_ms: samples[samples.length >> 1],
    p99_ms: samples[Math.floor(samples.length * 0.99)],
  }
}
