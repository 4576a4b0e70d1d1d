// What it costs to keep what is finished: memory, time a message, and how long a rewind takes. In this process, on a real disk.
// Build first.
//
//   node --expose-gc bench/retention.mjs [--count 2000000]
//
//   memory   of a million messages of 200 bytes that are kept, on disk: under 1 MB
//   time     of a message from publish to finish, kept and not: the same, within the noise of the machine
//   rewind   to the middle of all that is kept, from the request to the answer
import { Logger, resolveOptions } from '@nsq-ts/daemon'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rewind } from '../dist/core/rewind.js'
import { Nsqd } from '../dist/nsqd.js'
import { nsqdTable } from '../dist/options.js'
import { Consumer } from './consumer.mjs'

const BODY = Buffer.alloc(200, 'a')
const BATCH = 500
const ROUNDS = 5
const MEMORY_MAX = 1e6

const { values } = parseArgs({ options: { count: { type: 'string', default: '2000000' } } })
const count = Number(values.count)
const bodies = Buffer.concat(Array.from({ length: BATCH }, () => BODY))
const bounds = Array.from({ length: BATCH }, (_, i) => [i * BODY.length, (i + 1) * BODY.length]).flat()

async function started(...flags) {
  const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-retention-'))
  const args = ['--tcp-address=127.0.0.1:0', '--http-address=', `--data-path=${dataPath}`, ...flags]
  const { options } = resolveOptions(nsqdTable, args, { program: 'nsqd' })
  const nsqd = new Nsqd(
    options,
    new Logger({ prefix: '', level: 5, destination: { write() {}, reopen() {}, close() {} } }),
  )
  await nsqd.start()
  const topic = nsqd.registry.topic('kept')
  const channel = nsqd.registry.channel(topic, 'ch')
  const consumer = new Consumer(10 * BATCH)
  const lane = channel.subscribe(consumer)
  return {
    topic,
    channel,
    /** Publishes messages and has each finished. @returns nanoseconds a message */
    async pass(messages) {
      const begun = performance.now()
      for (let sent = 0; sent < messages; sent += BATCH) {
        topic.publishBatch(bodies, 0, bounds)
        await new Promise((resolve) => setImmediate(resolve))
        await new Promise((resolve) => setImmediate(resolve))
        consumer.finishAll(channel, lane)
      }
      return ((performance.now() - begun) * 1e6) / messages
    },
    async close() {
      await nsqd.close()
      rmSync(dataPath, { recursive: true })
    },
  }
}

function usedBytes() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const kept = await started('--retain-for=24h')
const plain = await started()
await kept.pass(600_000) // the cache of segments (64 MiB) is full then, and the code compiled
await plain.pass(200_000)
const before = usedBytes()
await kept.pass(count)
const perMillion = ((usedBytes() - before) / count) * 1e6
const times = { kept: [], plain: [] }
for (let round = 0; round < ROUNDS; round++) {
  times.plain.push(await plain.pass(200_000))
  times.kept.push(await kept.pass(200_000))
}
const { log } = kept.topic
const middle = log.segmentAt(Math.floor(log.tail / 2))
const { firstMs } = await kept.topic.retention.times.of(middle)
const begun = performance.now()
const { messages } = await rewind(kept.topic, kept.channel, firstMs)
kept.topic.confirm()
const rewindMs = performance.now() - begun
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
console.log(`${Math.round(perMillion / 1000)} kB of memory for each million messages that are kept`)
console.log(`${Math.round(median(times.kept))} ns a message kept, ${Math.round(median(times.plain))} ns not`)
console.log(`${rewindMs.toFixed(1)} ms to rewind to the middle: ${messages} of ${log.tail} messages come again`)
await kept.close()
await plain.close()
if (perMillion > MEMORY_MAX) process.exitCode = 1
