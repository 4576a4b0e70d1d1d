import type { ProducerOptions } from '@nsq-ts/client'
import type { ClientOptions } from './client-option.ts'
import { connectionOptions } from './connection-options.ts'

/**
 * What `--producer-opt` says, for a producer of one nsqd. A publish that fails is not sent again behind the tool's back: it decides.
 * @throws {Refusal} for options that contradict each other
 */
export function producerOptions(tool: string, given: ClientOptions): ProducerOptions<Uint8Array | string> {
  return { ...connectionOptions(tool, given), retries: 0 }
}
