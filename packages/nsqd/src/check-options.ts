// What must hold of nsqd's options beyond each value by itself, in the original's order and words (nsqd-flags.md, section 3).
// The TLS material is loaded between the two steps, and the data path locked before them.
import { outOfBounds, StartError } from '@nsq-ts/daemon'
import { nsqdTable } from './options.ts'
import type { NsqdOptions } from './options.ts'

/**
 * The checks ahead of loading TLS material.
 * @returns the options, with TLS required where a policy for client certificates implies it
 * @throws {StartError}
 */
export function checkOptionsBeforeTls(options: NsqdOptions): NsqdOptions {
  if (options.maxDeflateLevel < 1 || options.maxDeflateLevel > 9) throw refusal('--max-deflate-level must be [1,9]')
  if (options.nodeId < 0 || options.nodeId >= 1024) throw refusal('--node-id must be [0,1024)')
  const implied = options.tlsClientAuthPolicy !== '' && options.tlsRequired === 'off'
  return implied ? { ...options, tlsRequired: 'on' } : options
}

/**
 * The check between loading what the server shows and what it trusts as a client.
 * @param tlsLoaded there is a certificate with its key
 * @throws {StartError}
 */
export function checkTlsRequired(options: NsqdOptions, tlsLoaded: boolean): void {
  if (options.tlsRequired !== 'off' && !tlsLoaded) {
    throw refusal('cannot require TLS client connections without TLS key and cert')
  }
}

/**
 * The checks once all TLS material is loaded.
 * @throws {StartError}
 */
export function checkOptionsAfterTls(options: NsqdOptions): void {
  if (options.authHttpRequestMethod !== 'get' && options.authHttpRequestMethod !== 'post') {
    throw refusal('--auth-http-request-method must be post or get')
  }
  for (const percentile of options.e2eProcessingLatencyPercentiles) {
    if (!(percentile > 0 && percentile <= 1)) throw refusal(`invalid E2E processing latency percentile: ${percentile}`)
  }
  // From here on what the original accepts, and crashes or misbehaves with later.
  const problem = outOfBounds(nsqdTable, options)
  if (problem !== undefined) throw refusal(problem)
  if (options.statsdAddress !== '' && options.statsdIntervalMs <= 1000) {
    throw refusal('--statsd-interval must be more than 1s')
  }
}

function refusal(text: string): StartError {
  return new StartError(`failed to instantiate nsqd - ${text}`)
}
