// The whole client against a real nsqd, through a proxy that does a thousand faults.
import { expect, test } from 'vitest'
import { type ConnectionOptions, Consumer, type NsqError, Producer, ServerError } from '@nsq-ts/client'
import { hasBroker, startNsqd } from './support/broker.ts'
import { writeCertificates } from './support/certificates.ts'
import { ChaosProxy } from './support/chaos-proxy.ts'
import { until } from './support/wait.ts'

const FAULTS = 1000
/** What a client says of a stream that it cannot follow. */
const CONFUSED = /answer to nothing|unexpected|frame|without a header|snappy|invalid/
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000)

test.skipIf(!hasBroker)(
  `nothing confirmed is lost and everything drains over ${FAULTS} faults, seed ${SEED}`,
  async () => {
    await using files = await writeCertificates()
    await using nsqd = await startNsqd(['--mem-queue-size=100000', ...files.tlsFlags])
    await using proxy = await ChaosProxy.start(nsqd.tcpPort, SEED)
    const uncaught: unknown[] = []
    const onUncaught = (error: unknown): void => void uncaught.push(error)
    process.on('uncaughtException', onUncaught).on('unhandledRejection', onUncaught)

    // TCP cuts a stream anywhere, and neither drops nor repeats a byte: nobody may be confused by what comes.
    const confusion: string[] = []
    const listen = ({ error }: { error: NsqError | undefined }): void => {
      if (error !== undefined && !(error instanceof ServerError) && CONFUSED.test(error.message))
        confusion.push(error.message)
      if (error instanceof ServerError) confusion.push(error.message)
    }

    const seen = new Set<string>()
    const consumers = Array.from({ length: 8 }, (_, index) => {
      const consumer = new Consumer({
        topic: 't',
        channel: 'c',
        nsqd: proxy.address,
        msgTimeout: '1s',
        maxInFlight: 20,
        ...layerOf(index),
      })
      consumer.on('disconnect', listen)
      void consumer.run((message) => void seen.add(message.raw.toString()), { concurrency: 5 })
      return consumer
    })

    const confirmed: string[] = []
    const over = new AbortController()
    const producers = Array.from(
      { length: 8 },
      (_, index) => new Producer({ nsqd: proxy.address, answerTimeout: 200, retries: 2, ...layerOf(index) }),
    )
    for (const producer of producers) producer.on('disconnect', listen)
    const publishing = producers.map(async (producer, index) => {
      for (let count = 0; !over.signal.aborted; count++) {
        const bodies = Array.from({ length: 5 }, (_, each) => `${index}.${count}.${each}`)
        await Promise.all(
          bodies.map((body) =>
            producer.publish('t', body).then(
              () => void confirmed.push(body),
              () => {}, // not confirmed: it may come, or not
            ),
          ),
        )
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })
    while (proxy.faultCount < FAULTS) {
      if (nsqd.hasExited) throw new Error(`nsqd ended by itself: ${nsqd.output.slice(-2000)}`)
      proxy.strike()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    over.abort()
    await Promise.all(publishing)
    for (const producer of producers) await producer.close()

    expect(confirmed.length).toBeGreaterThan(1000)
    expect(confusion).toEqual([])
    await until(() => confirmed.every((body) => seen.has(body)), 60_000).catch(async (cause: unknown) => {
      const missing = confirmed.filter((body) => !seen.has(body))
      const stats = await nsqd.http('/stats?format=text')
      throw new Error(
        `${missing.length} of ${confirmed.length} missing: ${missing.slice(0, 5).join()}\n${String(stats)}`,
        { cause },
      )
    })
    await Promise.all(consumers.map((consumer) => consumer.close()))
    for (const consumer of consumers) expect(consumer.stats.inFlight).toBe(0)
    for (const count of Object.values(proxy.faults)) expect(count).toBeGreaterThan(100)

    process.off('uncaughtException', onUncaught).off('unhandledRejection', onUncaught)
    expect(uncaught).toEqual([])
  },
  180_000, // 15 s where nothing else runs
)

/** Of four connections one is compressed by deflate, one by snappy over TLS, and one goes over TLS. */
function layerOf(index: number): ConnectionOptions {
  const tls = { rejectUnauthorized: false }
  return [{ deflate: 1 }, { snappy: true, tls }, { tls }, {}][index % 4]!
}
