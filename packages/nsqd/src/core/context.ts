import type { BlockPool } from '../log/block-pool.ts'
import type { Clock, Random } from './clock.ts'
import type { DeadLetterTopics } from './dead-letters.ts'
import type { RetentionSettings } from './retention.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { Scanner } from './scanner.ts'
import type { LimitSettings } from './topic-limits.ts'
import type { Turn } from './turn.ts'

/** Takes the time from publish to FIN of each message of a channel. */
export interface LatencyRecorder {
  record(latencyNs: number): void
}

/** What topics and channels are given from outside; nothing in the core reaches for it by itself. */
export interface CoreContext {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly scanner: Scanner
  readonly pool: BlockPool
  /** Makes a recorder for a new channel; absent when nobody asked for latencies. */
  readonly latency?: (() => LatencyRecorder) | undefined
  /** Told how each attempt to write to disk ended. */
  readonly onDisk?: ((error: Error | null) => void) | undefined
  /** Throws when nothing may be published now: the disk is too full. */
  readonly refuse?: (() => void) | undefined
  /** What a new topic may hold; absent: as much as comes. */
  readonly limits?: ((topic: string) => LimitSettings) | undefined
  /** What a new topic keeps of what is finished; absent: nothing. */
  readonly retention?: ((topic: string) => RetentionSettings) | undefined
  /** Where a write failed since the disk is full, makes room by giving up what is kept. @returns false: there is none to be had */
  readonly makeRoom?: ((error: Error) => boolean) | undefined
  /** What becomes of messages of a channel that are not finished; null: they are handed out again and again. */
  readonly retryPolicy?: ((topic: string, channel: string) => RetryPolicy | null) | undefined
  /** Where dead letters go; absent: there are none. */
  readonly deadLetters?: DeadLetterTopics | undefined
  readonly options: CoreOptions
}

export interface CoreOptions {
  /** 0..1023, part of every message id. */
  readonly nodeId: number
  /** How many messages an ephemeral queue keeps; what comes after is dropped. */
  readonly memQueueSize: number
  /** How long TOUCH can keep a message in flight, from its delivery. */
  readonly maxMsgTimeoutMs: number
  /** Consumers of the server's own zone, then region, come first. */
  readonly topologyAware: boolean
  /** What a consumer had in flight comes back at once when it leaves, not at its time-out. */
  readonly requeueOnDisconnect: boolean
}
