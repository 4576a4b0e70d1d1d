// A chart over time: lines from zero, one axis, a cursor that all charts of a page share. Drawn by uPlot on a canvas, so it
// is told the colours; the figures are in the table that it offers to screen readers.
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { UNKNOWN } from '../format/numbers.ts'
import { timeOfDay } from '../format/times.ts'
import { useThemeName } from './theme.ts'

export interface ChartLine {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** A colour of the theme: `in`, `out`, `ink`... */
  readonly colour: 'in' | 'out' | 'ink' | 'warn' | 'bad' | 'accent' | 'ink-3'
  readonly filled?: boolean
}

interface ChartProps {
  readonly title: string
  /** Unix milliseconds. */
  readonly times: readonly number[]
  readonly lines: readonly ChartLine[]
  /** Writes a figure, with its unit. */
  readonly format: (value: number) => string
  /** In place of lines: why there are none. */
  readonly absent?: string | undefined
}

const HEIGHT = 150
const CURSOR_SYNC = uPlot.sync('charts')

export function Chart({ title, times, lines, format, absent }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const theme = useThemeName()
  const shape = JSON.stringify([title, theme, lines.map(({ label, colour }) => [label, colour])])
  const data = useRef<uPlot.AlignedData>([[]])
  data.current = [times.map((ms) => ms / 1000), ...lines.map(({ values }) => values as (number | null)[])]

  useEffect(() => {
    const container = box.current
    if (container === null || absent !== undefined) return
    const made = new uPlot(options(container, lines, format), data.current, container)
    CURSOR_SYNC.sub(made)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: container.clientWidth, height: HEIGHT }))
    observer.observe(container)
    return () => {
      observer.disconnect()
      CURSOR_SYNC.unsub(made)
      made.destroy()
      plot.current = null
    }
    // Made anew when what it looks like changes (`shape`); new figures are given to the one that is there.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, absent])

  useEffect(() => {
    plot.current?.setData(data.current)
  }, [times, lines])

  const headingId = `chart-${title.replaceAll(/\W+/g, '-').toLowerCase()}`
  return (
    <figure aria-labelledby={headingId} className="min-w-0 rounded-lg border border-line bg-surface px-3 pt-2 pb-1">
      <figcaption className="flex min-h-5 flex-wrap items-baseline justify-between gap-x-3 text-xs text-ink-2">
        <span id={headingId} className="font-medium">
          {title}
        </span>
        <span className="flex flex-wrap gap-x-3">
          {absent === undefined &&
            lines.map(({ label, values, colour }) => (
              <span key={label} className="inline-flex items-center gap-1.5">
                <span
                  aria-hidden
                  className="h-0.5 w-2.5 rounded-full"
                  style={{ background: `var(--color-${colour})` }}
                />
                {label} <span className="text-ink">{latest(values, format)}</span>
              </span>
            ))}
        </span>
      </figcaption>
      <div ref={box} aria-hidden style={{ height: HEIGHT }} className="relative">
        {absent !== undefined && (
          <p className="absolute inset-0 grid place-items-center text-center text-xs text-ink-3">{absent}</p>
        )}
      </div>
    </figure>
  )
}

function latest(values: readonly (number | null)[], format: (value: number) => string): string {
  const value = values.at(-1)
  return value === null || value === undefined ? UNKNOWN : format(value)
}

function options(box: HTMLElement, lines: readonly ChartLine[], format: (value: number) => string): uPlot.Options {
  const ink = colourOf(box, 'ink-3')
  const grid = colourOf(box, 'line')
  const font = `11px ${getComputedStyle(box).fontFamily}`
  const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: grid, width: 1 } } as const
  return {
    width: box.clientWidth,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: CURSOR_SYNC.key }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, niceMax(max)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 80, values: timeLabels },
      { ...axis, size: 56, space: 36, values: (_plot, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, filled }): uPlot.Series => {
        const stroke = colourOf(box, colour)
        return {
          label,
          stroke,
          width: 1.5,
          ...(filled === true ? { fill: withAlpha(stroke, 0.1) } : {}),
          points: { show: false },
          spanGaps: false,
        }
      }),
    ],
    plugins: [tooltip(lines, format)],
  }
}

/** From zero to a little above the highest; a flat zero gets an axis as well. */
function niceMax(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.08
}

const hourMinute = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const MINUTE_SECONDS = 60

/** With seconds where the whole minutes would repeat themselves. */
function timeLabels(_plot: uPlot, splits: number[]): string[] {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0)
  return splits.map((seconds) =>
    step < MINUTE_SECONDS ? timeOfDay(seconds * 1000) : hourMinute.format(seconds * 1000),
  )
}

/** What the lines say under the cursor. */
function tooltip(lines: readonly ChartLine[], format: (value: number) => string): uPlot.Plugin {
  const box = document.createElement('div')
  box.className =
    'pointer-events-none absolute top-1 z-10 rounded-sm border border-line bg-surface px-1.5 py-0.5 text-xs whitespace-nowrap text-ink shadow-panel'
  box.hidden = true
  return {
    hooks: {
      init: (plot) => {
        plot.over.append(box)
      },
      setCursor: (plot) => {
        const { idx, left } = plot.cursor
        const time = idx === null || idx === undefined ? undefined : plot.data[0][idx]
        box.hidden = time === undefined || left === undefined || left < 0
        if (time === undefined || left === undefined) return
        const figures = lines.map(({ label }, line) => {
          const value = plot.data[line + 1]?.[idx!]
          return `${label} ${value === null || value === undefined ? UNKNOWN : format(value)}`
        })
        box.textContent = [timeOfDay(time * 1000), ...figures].join('  ')
        const rightHalf = left > plot.over.clientWidth / 2
        box.style.left = rightHalf ? '' : `${left + 8}px`
        box.style.right = rightHalf ? `${plot.over.clientWidth - left + 8}px` : ''
      },
    },
  }
}

/** A canvas knows no CSS variables: the browser is asked what the theme's colour is here and now. */
function colourOf(box: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--color-${name})`
  box.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function withAlpha(rgb: string, alpha: number): string {
  return rgb.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`)
}
