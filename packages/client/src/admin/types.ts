// What nsqd tells an Admin, and is told. Times are Dates, durations milliseconds or text.
import type { Duration } from '../duration.ts'

/** Waiting for a consumer, with one, or waiting for its time. */
export type MessageState = 'ready' | 'in_flight' | 'deferred'

/** A message that was looked at. */
export interface PeekedMessage {
  /** 16 hexadecimal digits. */
  readonly id: string
  /** In the channel, or in the topic itself. */
  readonly state: MessageState
  /** When it was published. */
  readonly timestamp: Date
  /** Deliveries so far. */
  readonly attempts: number
  /** As published, up to the bytes asked for. */
  readonly body: Buffer
  /** Bytes of the body; more than are in `body` where it was cut. */
  readonly size: number
  /** What belongs to it beside its body; a dead letter's story is there. */
  readonly headers: Readonly<Record<string, string>>
  /** Of a deferred one. Undefined: not known before its topic has a channel. */
  readonly due: Date | undefined
  /** Of one in flight: who has it, since when, and until when. */
  readonly consumer:
    | { readonly clientId: string; readonly hostname: string; readonly remoteAddress: string }
    | undefined
  /** Of one in flight: since when. */
  readonly deliveredAt: Date | undefined
  /** Of one in flight: when nsqd takes it back. */
  readonly timesOutAt: Date | undefined
}

/** Some of the messages in a state. */
export interface PeekPage {
  /** How many there are in that state. */
  readonly count: number
  /** Offset of the next page; null at the end. */
  readonly next: number | null
  /** In the order in which they would be delivered. */
  readonly messages: readonly PeekedMessage[]
}

/** When a message is delivered, and what goes with it. */
export interface AdminPublishOptions {
  /** A Date, or Unix milliseconds. */
  readonly at?: Date | number
  /** So long from now; not together with `at`. */
  readonly defer?: Duration
  /** Kept with the message, beside its body. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Which messages to look at. */
export interface PeekOptions {
  /** Default `ready`. */
  readonly state?: MessageState
  /** Messages of a page, 1 to 1000. Default 10. */
  readonly limit?: number
  /** Messages to leave out at the beginning. Default 0. */
  readonly offset?: number
  /** Only those whose body has this in it. */
  readonly contains?: string
  /** Bytes of a body; what is beyond is cut. Default 65536. */
  readonly bodyMax?: number
}

/** What becomes of messages of a channel that fail. */
export interface RetryPolicy {
  /** Failed deliveries after which a message becomes a dead letter; 0: never. */
  readonly maxAttempts: number
  /** Topic that dead letters go to. */
  readonly deadLetterTopic: string
  /** Waits after the first failed delivery, the second..., as nsqd writes them: `1s,10s,1m0s`. */
  readonly backoff: string
  /** Percent. */
  readonly jitter: number
}

/** What is to change; `null` gives a setting back to nsqd's options. */
export interface RetryPolicyChange {
  /** Failed deliveries after which a message becomes a dead letter; 0: never. */
  readonly maxAttempts?: number | null
  /** Topic that dead letters go to. */
  readonly deadLetterTopic?: string | null
  /** Waits after the first failed delivery, the second... */
  readonly backoff?: readonly Duration[] | null
  /** Percent. */
  readonly jitter?: number | null
}

/** Which dead letters go back, and how fast. */
export interface RedriveOptions {
  /** Only the letter of this id. */
  readonly id?: string
  /** Only those whose body has this in it. */
  readonly contains?: string
  /** Only those that died for this reason: `requeued`, `timed-out`, `consumer-lost`, `unknown`. */
  readonly reason?: string
  /** Letters a second. Default: as fast as it goes. */
  readonly rate?: number
  /** Channel of the dead-letter topic to take them from; needed where it has several. */
  readonly from?: string
}

/** How far a redrive has come. */
export interface RedriveProgress {
  /** True until it is through, stopped, or failed. */
  readonly running: boolean
  /** Letters sent back since nsqd started. */
  readonly sent: number
  /** Why it ended before its end. */
  readonly error: string | undefined
}

/** A channel that delivers again, or begins at a time, right after it was told to. */
export interface Rewound {
  /** Messages that come again, and would not have come otherwise. */
  readonly messages: number
  /** False: some of what was published since the time is not kept any more; it begins at the oldest that is. */
  readonly complete: boolean
  /** When the first message was published from which on all comes; undefined: none was since. */
  readonly from: Date | undefined
  /** Messages that wait to be delivered, those that come again among them. */
  readonly depth: number
  /** Messages that a consumer had anyway: they are not delivered to another at the same time. */
  readonly inFlight: number
  /** Messages that wait for their time, and go on doing so. */
  readonly deferred: number
}

/** How far an nsqd is from being empty. */
export interface DrainProgress {
  /** True from drain() on, until cancelDrain(). */
  readonly draining: boolean
  /** Messages that wait; one counts for each channel that has it, here and below. */
  readonly waiting: number
  /** Messages that consumers have. */
  readonly inFlight: number
  /** Messages that wait for their time. */
  readonly deferred: number
  /** Topics that have some of them. */
  readonly topics: readonly string[]
}
