// The connections of nsq_bench: all of them are there before anything is measured.
import { Consumer, Producer } from '@nsq-ts/client'
import type { Message } from '@nsq-ts/client'
import { consumerOptions } from '../client-options/consumer-options.ts'
import { producerOptions } from '../client-options/producer-options.ts'
import { Refusal } from '../program/refusal.ts'
import { construct } from '../source/open-consumer.ts'
import type { NsqBenchOptions } from './options.ts'

/** Connected. @throws {Refusal} when an nsqd can't be reached */
export async function openProducers(
  tool: string,
  options: NsqBenchOptions,
  addresses: readonly string[],
): Promise<Producer[]> {
  const producers = addresses.flatMap((nsqd) => {
    return Array.from({ length: options.connections }, () => {
      return construct(() => new Producer({ ...producerOptions(tool, options.producerOpt), nsqd, batch: false }))
    })
  })
  await Promise.all(
    producers.map(async (producer) => {
      const failed = firstFailure(producer)
      await Promise.race([producer.connect(), failed])
    }),
  )
  return producers
}

/** Subscribed everywhere; each consumes from all nsqds. @throws {Refusal} when one can't be reached */
export async function openConsumers(
  tool: string,
  options: NsqBenchOptions,
  addresses: readonly string[],
  take: (message: Message) => void,
): Promise<Consumer[]> {
  const { topic, channel, maxInFlight } = options
  const consumers = Array.from({ length: options.connections }, () => {
    const settings = consumerOptions(tool, options.consumerOpt)
    return construct(() => new Consumer({ ...settings, nsqd: addresses, topic, channel, maxInFlight }))
  })
  await Promise.all(
    consumers.map(async (consumer) => {
      const failed = firstFailure(consumer)
      void consumer.run(take, { concurrency: Infinity, manual: true })
      await Promise.race([subscribed(consumer, addresses.length), failed])
    }),
  )
  return consumers
}

function subscribed(consumer: Consumer, count: number): Promise<void> {
  let left = count
  return new Promise((resolve) => {
    consumer.on('connect', () => {
      left--
      if (left === 0) resolve()
    })
  })
}

function firstFailure(client: Pick<Producer, 'once'> | Pick<Consumer, 'once'>): Promise<never> {
  return new Promise((_, reject) => {
    const once = client.once.bind(client) as Producer['once']
    once('disconnect', ({ error }) => {
      if (error !== undefined) reject(new Refusal(error.message, { cause: error }))
    })
  })
}
