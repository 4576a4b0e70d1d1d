import { MESSAGE_ID_EPOCH } from '@nsq-ts/protocol'
import type { Channel } from '../core/channel.ts'
import { Histogram } from './histogram.ts'

/** Seconds. Ids are exact to a millisecond, so there is nothing to tell apart below that. */
const BOUNDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600]
/** Of the time in an id: 2^20 ns, in seconds. */
const UNIT_S = 2 ** 20 / 1e9
const EPOCH_UNITS = Number(MESSAGE_ID_EPOCH)

/** By channel, and gone with it. */
const histograms = new WeakMap<Channel, Histogram>()

/**
 * Notes how long a finished message took from publish to FIN, by the time that is in its id. The caller samples: one of each
 * read is enough to see what happens, and costs a busy channel nothing.
 */
export function observeFin(channel: Channel, idHi: number, idLo: number, nowUs: number): void {
  const publishedS = (idHi * 2 ** 10 + (idLo >>> 22) + EPOCH_UNITS) * UNIT_S
  let histogram = histograms.get(channel)
  if (histogram === undefined) {
    histogram = new Histogram(BOUNDS)
    histograms.set(channel, histogram)
  }
  histogram.observe(Math.max(0, nowUs / 1e6 - publishedS))
}

/** What was noted of a channel; undefined before the first. */
export function finLatencyOf(channel: Channel): Histogram | undefined {
  return histograms.get(channel)
}
