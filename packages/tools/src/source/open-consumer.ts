import { Consumer } from '@nsq-ts/client'
import { parseHostPort } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import { consumerOptions } from '../client-options/consumer-options.ts'
import type { Log } from '../program/log.ts'
import { demand, Refusal } from '../program/refusal.ts'
import { logConsumer } from './client-log.ts'
import type { SourceOptions } from './source-rows.ts'

export interface ConsumerSettings {
  /** Name of the executable. */
  readonly tool: string
  readonly topic: string
  readonly channel: string
  /** Default: that of the options. */
  readonly maxInFlight?: number
}

/**
 * A consumer as the flags describe it; it connects when it is run.
 * @throws {Refusal} for names, addresses and options that can't be
 */
export function openConsumer(settings: ConsumerSettings, options: SourceOptions, log: Log): Consumer {
  const { tool, topic, channel, maxInFlight = options.maxInFlight } = settings
  demand(isValidTopicName(topic), 'invalid topic name')
  demand(isValidChannelName(channel), 'invalid channel name')
  demand(maxInFlight >= 0, `invalid MaxInFlight ! ${maxInFlight} < 0`)
  const { nsqdTcpAddress: nsqd, lookupdHttpAddress: lookupd } = options
  for (const address of nsqd) demandPort(address)
  for (const address of lookupd) demand(address.includes('://') || /:\d+(?:[/?]|$)/.test(address), 'missing port')
  const consumer = construct(() => {
    const source = nsqd.length > 0 ? { nsqd } : { lookupd }
    return new Consumer({ ...consumerOptions(tool, options.consumerOpt), ...source, topic, channel, maxInFlight })
  })
  logConsumer(consumer, topic, channel, log)
  return consumer
}

/** @throws {Refusal} for `host` alone: nsqd's port is not guessed */
export function demandPort(address: string): void {
  demand(parseHostPort(address) !== undefined, `dial tcp: address ${address}: missing port in address`)
}

/** Options that our client finds wrong are the user's to correct. */
export function construct<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new Refusal(error.message, { cause: error })
    throw error
  }
}
