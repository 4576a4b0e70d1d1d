import type { LiveFigures } from '../api-types.ts'
import type { Flows } from './flows.ts'
import type { ChannelSample, Quantile } from './node-sample.ts'

/** Adds a channel of one node to what is shown. */
export function addChannel(to: LiveFigures, channel: ChannelSample): void {
  to.depth += channel.depth
  to.backend_depth += channel.backendDepth
  to.in_flight += channel.inFlight
  to.deferred += channel.deferred
  to.requeued += channel.requeued
  to.timed_out += channel.timedOut
  to.clients += channel.clients
}

export function addFigures(to: LiveFigures, more: LiveFigures): void {
  to.depth += more.depth
  to.backend_depth += more.backend_depth
  to.in_flight += more.in_flight
  to.deferred += more.deferred
  to.messages += more.messages
  to.requeued += more.requeued
  to.timed_out += more.timed_out
  to.clients += more.clients
}

/** All zero, with these rates. Tenths are as fine as anybody reads, and coarse enough that a quiet row does not change. */
export function figuresAt(rates: Readonly<Flows>): LiveFigures {
  return {
    depth: 0,
    backend_depth: 0,
    in_flight: 0,
    deferred: 0,
    messages: 0,
    requeued: 0,
    timed_out: 0,
    clients: 0,
    rate_in: tenths(rates.in),
    rate_out: tenths(rates.out),
    rate_requeued: tenths(rates.requeued),
    rate_timed_out: tenths(rates.timedOut),
  }
}

export function tenths(rate: number): number {
  return Math.round(rate * 10) / 10
}

/** The worst of two nodes, quantile by quantile. */
export function worstQuantiles(a: readonly Quantile[] | null, b: readonly Quantile[] | null): Quantile[] | null {
  if (a === null && b === null) return null
  if (a === null || b === null) return [...(a ?? b ?? [])]
  const worst = new Map(a.map(({ quantile, value }) => [quantile, value]))
  for (const { quantile, value } of b) worst.set(quantile, Math.max(value, worst.get(quantile) ?? 0))
  return Array.from(worst, ([quantile, value]) => ({ quantile, value }))
}
