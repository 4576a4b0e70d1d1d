// NSQ client: Producer and Consumer.
export { Admin } from './admin/admin.ts'
export type { AdminOptions } from './admin/admin.ts'
export type {
  AdminPublishOptions,
  DrainProgress,
  MessageState,
  PeekedMessage,
  PeekOptions,
  PeekPage,
  RedriveOptions,
  RedriveProgress,
  RetryPolicy,
  RetryPolicyChange,
  Rewound,
} from './admin/types.ts'
export { bytes, json, text } from './codec.ts'
export type { Codec, Decoder, Encoder } from './codec.ts'
export type { NodeSource } from './address.ts'
export type { ConnectionOptions } from './connection/options.ts'
export type { BackoffStrategy } from './consumer/backoff.ts'
export type { Batch, BatchOptions } from './consumer/batch.ts'
export { Consumer } from './consumer/consumer.ts'
export type { ConsumerEvents, ConsumerStats, Handler, RunOptions } from './consumer/consumer.ts'
export { deadLetter, readDeadLetter } from './consumer/dead-letter.ts'
export type { DeadLetter, DeadLetterOptions, DeadLetterOrigin } from './consumer/dead-letter.ts'
export { dedupe } from './consumer/dedupe.ts'
export type { DedupeOptions } from './consumer/dedupe.ts'
export { Message } from './consumer/message.ts'
export type { RequeueOptions } from './consumer/message.ts'
export type { BackoffOptions, ConsumerOptions, DecoderNeeded } from './consumer/options.ts'
export type { ConnectionChange } from './diagnostics.ts'
export type { DiscoveryOptions } from './discovery/options.ts'
export type { Duration } from './duration.ts'
export type { Environment, Timer } from './environment.ts'
export {
  AdminError,
  BufferFullError,
  ClosedError,
  ConnectionError,
  DecodeError,
  EncodeError,
  HandlerError,
  LookupError,
  MessageLostError,
  NsqError,
  ServerError,
  TimeoutError,
  UnsupportedError,
} from './errors.ts'
export { Events } from './events.ts'
export type { Listener } from './events.ts'
export type { EncoderNeeded, ProducerOptions, PublishCall, PublishOptions } from './producer/options.ts'
export { Producer } from './producer/producer.ts'
export type { ProducerEvents, ProducerStats } from './producer/producer.ts'
