/** How near a subscriber is to this nsqd (topology-aware consumption). */
export const Locality = { zone: 0, region: 1, global: 2 } as const
export type Locality = (typeof Locality)[keyof typeof Locality]

/**
 * Whom a channel hands messages: a TCP connection, or whatever else wants some. The channel counts what is in flight to
 * it; the subscriber says how many that may be, and tells the channel when that has grown (`Channel.wake`).
 */
export interface Subscriber {
  /** How many messages may be in flight to it: RDY, or 0 while it takes none (closing, output congested). */
  readonly readyCount: number
  /** How long a message may be in flight to it before it is handed out again. */
  readonly msgTimeoutMs: number
  /** 0: all messages. Else each message is kept when a number drawn from 0..99 is not above it, and gone otherwise. */
  readonly sampleRate: number
  readonly locality: Locality
  /** Messages that have headers come through `sendHeaded`; else they come as if they had none. */
  readonly wantsHeaders: boolean
  /** It is told how much waits in the channel (depth-hints.ts). */
  readonly wantsDepth: boolean

  /**
   * Takes `count` first deliveries: whole frames, bytes[start, end), which it must copy before it returns.
   */
  send(bytes: Buffer, start: number, end: number, count: number): void

  /** As send, for one message that was delivered before: the frame's attempts are to be replaced. */
  sendAgain(bytes: Buffer, start: number, end: number, attempts: number): void

  /** As sendAgain, for one message with headers (log/headers.ts), delivered before or not. All bytes are to be copied. */
  sendHeaded(bytes: Buffer, start: number, end: number, attempts: number, headers: Buffer): void

  /** So many messages wait in the channel. */
  hintDepth(depth: number): void

  /** The channel is gone; so must its subscribers be. */
  channelClosed(): void
}
