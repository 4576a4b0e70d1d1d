// The original's table: a header now and then, and a row for each look.
import { changeOf, total } from './channel-figures.ts'
import type { FiguresByNode } from './channel-figures.ts'

const HEADER = `\
------rate------+----------------depth----------------+--------------metadata---------------
ingress  egress |   total     mem    disk inflt   def |     req     t-o         msgs clients
`
/** Looks from one header to the next. */
const HEADER_EVERY = 25
const GROUPS = [
  [7, 7],
  [7, 7, 7, 5, 5],
  [7, 7, 12, 7],
]

/**
 * The text for each look: the first one is what later ones are compared with, and has no row.
 * @param intervalMs between two looks, which rates are reckoned with
 */
export class RowFormat {
  readonly #intervalSeconds: number
  #looks = 0
  #previous: FiguresByNode | undefined

  constructor(intervalMs: number) {
    this.#intervalSeconds = intervalMs / 1000
  }

  next(nodes: FiguresByNode): string {
    const header = this.#looks++ % HEADER_EVERY === 0 ? HEADER : ''
    const row = this.#previous === undefined ? '' : this.#row(this.#previous, nodes)
    this.#previous = nodes
    return header + row
  }

  #row(before: FiguresByNode, nodes: FiguresByNode): string {
    const now = total(nodes)
    const { messages, depth } = changeOf(before, nodes)
    const perSecond = (count: number): number => Math.trunc(count / this.#intervalSeconds)
    return row([
      [perSecond(messages), perSecond(messages - depth)],
      [now.depth, now.depth - now.backendDepth, now.backendDepth, now.inFlight, now.deferred],
      [now.requeued, now.timedOut, now.messages, now.clients],
    ])
  }
}

function row(groups: readonly (readonly number[])[]): string {
  const texts = groups.map((numbers, group) => {
    return numbers.map((number, column) => String(number).padStart(GROUPS[group]?.[column] ?? 0)).join(' ')
  })
  return `${texts.join(' | ')}\n`
}
