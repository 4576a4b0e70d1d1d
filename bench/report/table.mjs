import { median, medianRatio } from './statistics.mjs'
import { judge } from './targets.mjs'

/** A figure of the table: its key in a run, its heading, how it is written. */
const FIGURES = [
  { key: 'ops', heading: 'messages/s', write: (value) => Math.round(value).toLocaleString('en') },
  { key: 'cpu_us', heading: 'CPU µs', write: short },
  { key: 'rss_mb', heading: 'RSS MB', write: (value) => value.toFixed(0) },
  { key: 'p50_ms', heading: 'p50 ms', write: short },
  { key: 'p99_ms', heading: 'p99 ms', write: short },
]

/**
 * @typedef {object} Measured The runs of a scenario.
 * @property {string} name
 * @property {object[]} a ours
 * @property {object[]} b the other server's; empty without one
 * @property {object[]} floor the echo server's; empty unless asked for
 */

/**
 * The medians of all scenarios as Markdown, aligned for people: a table of what was moved, one of latencies. CPU time comes with its lowest
 * and highest where there are several runs.
 * @param {Measured[]} measured
 * @param {boolean} withTargets
 */
export function tables(measured, withTargets) {
  const isLatency = ({ a }) => a[0].p50_ms !== undefined
  const groups = [measured.filter((one) => !isLatency(one)), measured.filter(isLatency)]
  return groups
    .filter((group) => group.length > 0)
    .map((group) => table(group.map((one) => row(one, withTargets))))
    .join('\n')
}

/** One line for a scenario that has just been measured. */
export function line(measured) {
  const [[, name], ...rest] = [...row(measured, false)]
  return `${name.padEnd(14)}${rest.map(([heading, cell]) => `${heading}: ${cell}`).join('   ')}`
}

/** @returns {{ met: number, missed: string[] }} */
export function targetsMet(measured) {
  const judged = measured.flatMap((one) => {
    const found = judge(one.name, figuresOf(one))
    return found === undefined ? [] : [{ name: one.name, ...found }]
  })
  const missed = judged.filter(({ met }) => !met).map(({ name, text }) => `${name} (${text})`)
  return { met: judged.length - missed.length, missed }
}

function table(rows) {
  const headings = [...new Set(rows.flatMap((cells) => [...cells.keys()]))].sort((a, b) => rank(a) - rank(b))
  const lines = [headings, headings.map(() => '')].concat(
    rows.map((cells) => headings.map((key) => cells.get(key) ?? '')),
  )
  const widths = headings.map((_, i) => Math.max(3, ...lines.map((cells) => cells[i].length)))
  const written = lines.map((cells, line) =>
    cells.map((cell, i) => {
      if (line === 1) return i === 0 ? '-'.repeat(widths[i]) : `${'-'.repeat(widths[i] - 1)}:`
      return i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
    }),
  )
  return `${written.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

function row(measured, withTarget) {
  const { name, a, b, floor } = measured
  const cells = new Map([['scenario', name]])
  for (const { key, heading, write } of FIGURES) {
    const ours = median(a.map((run) => run[key]))
    if (ours === undefined) continue
    cells.set(heading, key === 'cpu_us' && a.length > 1 ? `${write(ours)} (${spread(a, key)})` : write(ours))
    if (b.length === 0) continue
    cells.set(`${heading} B`, write(median(b.map((run) => run[key]))))
    if (key !== 'rss_mb') cells.set(`${heading} A/B`, short(medianRatio(a, b, key)))
  }
  if (floor.length > 0) cells.set('x floor', short(medianRatio(a, floor, 'cpu_us')))
  const judged = withTarget ? judge(name, figuresOf(measured)) : undefined
  if (judged !== undefined) cells.set('target', judged.text)
  return cells
}

function figuresOf({ a, floor }) {
  const figures = Object.fromEntries(FIGURES.map(({ key }) => [key, median(a.map((run) => run[key]))]))
  return { ...figures, floor: floor.length > 0 ? medianRatio(a, floor, 'cpu_us') : undefined }
}

function spread(runs, key) {
  const values = runs.map((run) => run[key])
  return `${short(Math.min(...values))}-${short(Math.max(...values))}`
}

/** Columns stand in the order of FIGURES, each with its B and A/B behind it. */
function rank(heading) {
  if (heading === 'scenario') return -1
  const figure = FIGURES.findIndex(({ heading: start }) => heading.startsWith(start))
  if (figure === -1) return heading === 'x floor' ? 100 : 101
  return figure * 3 + (heading.endsWith(' A/B') ? 2 : heading.endsWith(' B') ? 1 : 0)
}

function short(value) {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 0.1
        ? value.toFixed(2)
        : value.toFixed(3)
}
