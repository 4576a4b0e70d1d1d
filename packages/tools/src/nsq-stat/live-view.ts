// One page on a terminal that is drawn anew at each look: the channel in all, its rates, and a line for each nsqd.
import { formatDuration } from '@nsq-ts/daemon'
import { escapeControls, paint } from '../terminal/style.ts'
import { changeOf, total } from './channel-figures.ts'
import type { ChannelFigures, FiguresByNode } from './channel-figures.ts'
import type { NsqStatOptions } from './options.ts'

const HOME_AND_CLEAR = '\u001B[H\u001B[J'
const COLUMNS = [
  'in/s',
  'out/s',
  'depth',
  'memory',
  'disk',
  'flight',
  'deferred',
  'requeued',
  'timeouts',
  'messages',
  'clients',
]
const WIDTH = 9

export class LiveView {
  readonly #title: string
  readonly #startedAt: number
  readonly #first: FiguresByNode[] = []
  #previous: { readonly nodes: FiguresByNode; readonly at: number } | undefined

  constructor({ topic, channel }: NsqStatOptions, now: number) {
    this.#title = `${escapeControls(topic)} / ${escapeControls(channel)}`
    this.#startedAt = now
  }

  /** @param now milliseconds from any fixed point: rates are reckoned with the time that has passed indeed */
  next(nodes: FiguresByNode, now: number): string {
    if (this.#first.length === 0) this.#first.push(nodes)
    const { nodes: before, at } = this.#previous ?? { nodes, at: now }
    this.#previous = { nodes, at: now }
    const seconds = (now - at) / 1000
    const nameWidth = Math.max(5, ...[...nodes.keys()].map((address) => address.length))
    const header = `${' '.repeat(nameWidth)}${COLUMNS.map((name) => name.padStart(WIDTH)).join('')}`
    const lines = [...nodes].map(([address, figures]) => {
      const one = new Map([[address, figures]])
      return address.padEnd(nameWidth) + cells(figures, changeOf(before, one), seconds)
    })
    const sum = 'total'.padEnd(nameWidth) + cells(total(nodes), changeOf(before, nodes), seconds)
    const since = changeOf(this.#first[0] ?? nodes, nodes)
    const passed = formatDuration(Math.round((now - this.#startedAt) / 1000) * 1000)
    return [
      `${HOME_AND_CLEAR}${paint('bold', this.#title)}`,
      '',
      paint('dim', header),
      ...lines,
      paint('bold', sum),
      '',
      `${since.messages} messages came and ${since.messages - since.depth} left in ${passed}. Ctrl-C ends this.`,
      '',
    ].join('\n')
  }
}

function cells(figures: ChannelFigures, change: { messages: number; depth: number }, seconds: number): string {
  const rate = (count: number): string => (seconds === 0 ? '-' : String(Math.round(count / seconds)))
  const { depth, backendDepth, inFlight, deferred, requeued, timedOut, messages, clients } = figures
  const numbers = [depth, depth - backendDepth, backendDepth, inFlight, deferred, requeued, timedOut, messages, clients]
  return [rate(change.messages), rate(change.messages - change.depth), ...numbers.map(String)]
    .map((text) => text.padStart(WIDTH))
    .join('')
}
