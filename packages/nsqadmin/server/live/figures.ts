import type { LiveFigures } from '../api-types.ts'
import type { Flows } from './flows.ts'
import type { Quantile } from './node-sample.ts'
import type { ChannelSubject } from './subjects.ts'

/** Adds a channel to the figures of its topic, or to none to show itself. */
export function addChannel(to: LiveFigures, channel: ChannelSubject): void {
  to.depth += channel.depth
  to.backend_depth += channel.backendDepth
  to.in_flight += channel.inFlight
  to.deferred += channel.deferred
  to.requeued += channel.requeued
  to.timed_out += channel.timedOut
  to.clients += channel.clients
}

/** Adds a topic to the totals. */
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

/** The worst of several nodes, quantile by quantile; null when none measures. */
export function worstQuantiles(measured: Iterable<readonly Quantile[] | null | undefined>): Quantile[] | null {
  const worst = new Map<number, number>()
  for (const quantiles of measured) {
    for (const { quantile, value } of quantiles ?? []) {
      worst.set(quantile, Math.max(value, worst.get(quantile) ?? 0))
    }
  }
  return worst.size === 0 ? null : Array.from(worst, ([quantile, value]) => ({ quantile, value }))
}
