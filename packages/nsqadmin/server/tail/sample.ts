/** Twice what is shown is asked for, so that what is shown does not come in gusts. */
const SURPLUS = 2

/**
 * The part of a topic's messages that is enough to show so many a second.
 * @param rate messages a second to be shown
 * @param flow messages a second that there are
 * @returns percent, 1 to 100
 */
export function sampleFor(rate: number, flow: number): number {
  if (flow <= rate * SURPLUS) return 100
  return Math.min(99, Math.max(1, Math.ceil((100 * rate * SURPLUS) / flow)))
}
