// Who gets which RDY where servers tell how much waits in the channel there (docs/protocol-extensions.md). Loaded with the first
// such hint.
import type { RdyHolder } from './rdy-distribution.ts'

/**
 * With a message for each connection, or more: each has one, so that whatever comes anywhere comes at once; of the others one half
 * is spread evenly and one half by depth, so that where nothing waits yet there is room for more. With fewer: those connections that
 * have something, or do not tell, come first, and what is left goes to them by depth; where nothing waits a hint comes as soon as that
 * changes.
 *
 * @returns the count that each holder should have; none above its server's maximum, together at most `limit`
 */
export function depthShares(holders: readonly RdyHolder[], limit: number): number[] {
  const counts = holders.map(() => 0)
  const all = holders.map((_, index) => index)
  const waiting = all.filter((index) => holders[index]!.depth !== 0)
  const first = limit < holders.length && waiting.length > 0 ? waiting : all
  let left = give(holders, counts, first, limit, () => 1, 1)
  if (limit >= holders.length) left -= Math.ceil(left / 2) - give(holders, counts, all, Math.ceil(left / 2), () => 1)
  left = give(holders, counts, first, left, weights(holders))
  give(holders, counts, all, left, () => 1) // what those that are deepest could not take
  return counts
}

/**
 * Gives `amount` to the holders `among` in proportion to their weights, in rounds: one that is full leaves something to the others.
 * @param most that each gets here
 * @returns what nobody could take
 */
function give(
  holders: readonly RdyHolder[],
  counts: number[],
  among: readonly number[],
  amount: number,
  weight: (index: number) => number,
  most = Infinity,
): number {
  const given = new Map<number, number>()
  const room = (index: number): number =>
    Math.min(most - (given.get(index) ?? 0), holders[index]!.rdyMax - counts[index]!)
  let left = amount
  for (;;) {
    const open = among.filter((index) => weight(index) > 0 && room(index) > 0)
    if (left <= 0 || open.length === 0) return left
    const total = open.reduce((sum, index) => sum + weight(index), 0)
    const round = left
    for (const index of open) {
      const share = Math.max(1, Math.floor((round * weight(index)) / total))
      const added = Math.min(share, left, room(index))
      counts[index]! += added
      given.set(index, (given.get(index) ?? 0) + added)
      left -= added
    }
  }
}

/** The depth; of those that do not tell, the mean of the others'. */
function weights(holders: readonly RdyHolder[]): (index: number) => number {
  const known = holders.flatMap(({ depth }) => (depth === undefined ? [] : [depth]))
  const mean = known.length === 0 ? 1 : known.reduce((sum, depth) => sum + depth, 0) / known.length
  return (index) => holders[index]!.depth ?? Math.max(1, mean)
}
