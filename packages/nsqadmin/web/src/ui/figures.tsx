// The band of large figures at the head of a page. Its height is the same before the figures are there.
import type { ReactNode } from 'react'
import { UNKNOWN } from '../format/numbers.ts'
import { classNames } from './class-names.ts'
import { Sparkline } from './sparkline.tsx'

export interface Figure {
  readonly label: string
  /** Already written for the reader; undefined: not known yet. */
  readonly value: string | undefined
  readonly unit?: string
  /** A line below the figure. */
  readonly trend?: readonly (number | null)[] | undefined
  /** Of the line: `text-in`, `text-out`. @default the ink */
  readonly trendClass?: string
  /** In place of a line: a few words. */
  readonly detail?: ReactNode
  readonly tone?: 'bad' | 'warn' | undefined
}

export function Figures({ label, figures }: { label: string; figures: readonly Figure[] }) {
  return (
    <dl
      aria-label={label}
      className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-4 xl:grid-flow-col xl:auto-cols-fr xl:grid-cols-none"
    >
      {figures.map((figure) => (
        <FigureCell key={figure.label} {...figure} />
      ))}
      {/* An odd one would leave a hole. */}
      {figures.length % 2 === 1 && <div aria-hidden className="bg-surface xl:hidden" />}
    </dl>
  )
}

function FigureCell({ label, value, unit, trend, trendClass = 'text-ink-3', detail, tone }: Figure) {
  return (
    <div className="flex h-[84px] min-w-0 flex-col bg-surface px-3 pt-2">
      <dt className="truncate text-xs text-ink-2">{label}</dt>
      <dd
        className={classNames(
          'truncate text-xl font-semibold tracking-tight',
          tone === 'bad' && 'text-bad',
          tone === 'warn' && 'text-warn',
        )}
      >
        {value ?? <span className="quiet">{UNKNOWN}</span>}
        {unit !== undefined && value !== undefined && (
          <span className="ml-0.5 text-sm font-normal tracking-normal text-ink-3">{unit}</span>
        )}
      </dd>
      <dd className="mt-auto h-7 truncate pb-1.5 text-xs text-ink-3">
        {trend !== undefined ? (
          <Sparkline values={trend} filled width={160} height={22} className={classNames('h-5.5 w-full', trendClass)} />
        ) : (
          detail
        )}
      </dd>
    </div>
  )
}
