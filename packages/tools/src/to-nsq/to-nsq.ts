// to_nsq: publishes the records of standard input.
import { fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { isValidTopicName } from '@nsq-ts/protocol'
import { NsqdDestination } from '../destinations/nsqd-destination.ts'
import { Refusal } from '../program/refusal.ts'
import type { Tool } from '../program/run-tool.ts'
import { showProgress } from '../terminal/progress.ts'
import { Feed } from './feed.ts'
import { checkToNsqOptions, toNsqTable } from './options.ts'
import { RateLimit } from './rate-limit.ts'
import { RecordSplitter } from './record-splitter.ts'

export const toNsq: Tool<typeof toNsqTable> = {
  name: 'to_nsq',
  table: toNsqTable,
  examples: [
    {
      what: 'each line of a file is a message',
      command: 'to_nsq --topic=orders --nsqd-tcp-address=127.0.0.1:4150 < orders.txt',
    },
    {
      what: 'what comes into a log, ten lines a second at most, to two nsqds',
      command:
        'tail -f app.log | to_nsq --topic=log --rate=10 --nsqd-tcp-address=10.0.0.1:4150 --nsqd-tcp-address=10.0.0.2:4150',
    },
  ],
  async run({ options, log, stop }) {
    checkToNsqOptions(options)
    const { topic, rate, delimiter, producerOpt } = options
    const addresses = [...new Set(options.nsqdTcpAddress)]
    const destinations = addresses.map((address) => new NsqdDestination('to_nsq', address, producerOpt, log))
    if (rate > 0) log.line(`Throttling messages rate to max:${rate}/second`)
    const feed = new Feed(topic, destinations, new RateLimit(rate), stop)
    const endProgress = showProgress(log, 'messages published', () => feed.publishedCount)
    try {
      const splitter = new RecordSplitter(Buffer.from(delimiter)[0] ?? 0)
      await Promise.race([feedAll(openInput(), topic, splitter, feed, stop), feed.failed])
    } finally {
      endProgress()
    }
    await Promise.all(destinations.map((destination) => destination.close()))
    if (feed.publishedCount > 0) log.line(`published ${feed.publishedCount} messages`)
  },
}

/** @throws {Refusal} for a folder, which Node takes for an empty input */
function openInput(): Readable {
  if (fstatSync(process.stdin.fd).isDirectory()) throw new Refusal('failed to read stdin - EISDIR: it is a directory')
  return process.stdin
}

async function feedAll(
  input: Readable,
  topic: string,
  splitter: RecordSplitter,
  feed: Feed,
  stop: AbortSignal,
): Promise<void> {
  const end = (): void => void input.destroy()
  stop.addEventListener('abort', end, { once: true })
  const add = (records: Buffer[]): Promise<void> => {
    if (records.length > 0 && !isValidTopicName(topic)) {
      throw new Refusal(`E_BAD_TOPIC PUB topic name ${JSON.stringify(topic)} is not valid`)
    }
    return feed.add(records)
  }
  try {
    for await (const chunk of input) await add(splitter.push(chunk as Buffer))
    await add(splitter.end())
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (!stop.aborted) throw new Refusal(`failed to read stdin - ${(error as Error).message}`, { cause: error })
  }
  await feed.drain() // of what was read when a signal came, only what is on its way already
}
