// The flags that say where messages come from: the same in every tool that consumes.
import { integerOption, listOption } from '@nsq-ts/daemon'
import type { OptionRow } from '@nsq-ts/daemon'
import type { ClientOptions } from '../client-options/client-option.ts'
import { clientOptionFlag } from '../client-options/client-option-flag.ts'
import { demand } from '../program/refusal.ts'

/** Heading of these flags on the page of flags. */
export const SOURCE = 'Where messages come from'

export interface SourceRows {
  readonly nsqdTcpAddress: OptionRow<readonly string[]>
  readonly lookupdHttpAddress: OptionRow<readonly string[]>
  readonly maxInFlight: OptionRow<number>
  readonly consumerOpt: OptionRow<ClientOptions>
}

export interface SourceOptions {
  readonly nsqdTcpAddress: readonly string[]
  readonly lookupdHttpAddress: readonly string[]
  readonly maxInFlight: number
  readonly consumerOpt: ClientOptions
}

export const sourceRows: SourceRows = {
  nsqdTcpAddress: listOption('nsqd-tcp-address', {
    default: [],
    key: null,
    help: 'TCP address of an nsqd to consume from (may be given multiple times)',
    group: SOURCE,
  }),
  lookupdHttpAddress: listOption('lookupd-http-address', {
    default: [],
    key: null,
    help: 'HTTP address of an nsqlookupd that knows them (may be given multiple times)',
    group: SOURCE,
  }),
  maxInFlight: integerOption('max-in-flight', {
    default: 200,
    key: null,
    help: 'most messages in flight, for each topic',
    group: SOURCE,
  }),
  consumerOpt: clientOptionFlag(
    'consumer-opt',
    'option of the client library for consuming, as name,value (may be given multiple times)',
    SOURCE,
  ),
}

/**
 * Either of the two kinds of addresses has to be there.
 * @param missingText nsq_to_file's has a full stop more
 * @throws {Refusal}
 */
export function demandSource(
  { nsqdTcpAddress, lookupdHttpAddress }: SourceOptions,
  missingText = '--nsqd-tcp-address or --lookupd-http-address required',
): void {
  demand(nsqdTcpAddress.length > 0 || lookupdHttpAddress.length > 0, missingText)
  demand(
    nsqdTcpAddress.length === 0 || lookupdHttpAddress.length === 0,
    'use --nsqd-tcp-address or --lookupd-http-address not both',
  )
}
