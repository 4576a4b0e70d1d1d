/** How long discovery waits for what, in milliseconds. */
export interface DiscoveryTiming {
  /** For a connection to an nsqlookupd to be open. */
  readonly connectTimeoutMs: number
  /** For the next bytes of an answer. */
  readonly answerTimeoutMs: number
  readonly pingIntervalMs: number
  readonly firstBackOffMs: number
  readonly backOffMaxMs: number
  /** At the end of nsqd, for what is still to be announced. */
  readonly closeTimeoutMs: number
  /** A new topic waits so long for an nsqlookupd that has not been reached yet... */
  readonly firstContactMs: number
  /** ...so long for the channels from one that was lost... */
  readonly lostPeerMs: number
  /** ...and so long for all of them, if the options for HTTP requests allow more. */
  readonly openingMaxMs: number
}

/**
 * The original gives an answer 1 s, which a busy machine exceeds; reconnects at the next command only, which is up to 15 s later;
 * and does not wait for an nsqlookupd that has not been reached yet, so that a node's first messages miss channels.
 */
export const DISCOVERY_TIMING: DiscoveryTiming = {
  connectTimeoutMs: 1000,
  answerTimeoutMs: 3000,
  pingIntervalMs: 15_000,
  firstBackOffMs: 100,
  backOffMaxMs: 5000,
  closeTimeoutMs: 1000,
  firstContactMs: 2000,
  lostPeerMs: 500,
  openingMaxMs: 10_000,
}
