import type { BackoffOptions, ConsumerOptions } from '@nsq-ts/client'
import type { ClientOptions } from './client-option.ts'
import { connectionOptions, defined, flag, number, string } from './connection-options.ts'

type FromClientOptions = Omit<ConsumerOptions<Buffer>, 'topic' | 'channel' | 'nsqd' | 'lookupd'>

/**
 * What `--consumer-opt` says, for our consumer. Differs from go-nsq's defaults in one thing: messages are never given up unless
 * `max_attempts` says so.
 * @throws {Refusal} for options that contradict each other
 */
export function consumerOptions(tool: string, given: ClientOptions): FromClientOptions {
  const sendsSecret = flag(given, 'skip_lookupd_authorization') ?? true // true means that it is sent: go-nsq's misnomer
  return {
    ...connectionOptions(tool, given),
    ...defined({
      lookupdPollInterval: number(given, 'lookupd_poll_interval'),
      lookupdPollJitter: number(given, 'lookupd_poll_jitter'),
      lookupdTimeout: number(given, 'lookupd_poll_timeout'),
      lookupdToken: sendsSecret ? string(given, 'auth_secret') || undefined : undefined,
      requeueDelay: number(given, 'default_requeue_delay'),
      requeueDelayMax: number(given, 'max_requeue_delay'),
      maxAttempts: number(given, 'max_attempts'),
      msgTimeout: number(given, 'msg_timeout'),
      sampleRate: number(given, 'sample_rate'),
      backoff: backoff(given),
    }),
  }
}

function backoff(given: ClientOptions): false | BackoffOptions {
  const max = number(given, 'max_backoff_duration')
  if (max === 0) return false
  const strategy = string(given, 'backoff_strategy') === 'full_jitter' ? 'full-jitter' : undefined
  return defined({ max, multiplier: number(given, 'backoff_multiplier'), strategy }) as BackoffOptions
}
