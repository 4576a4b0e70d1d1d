import type { ReactNode } from 'react'
import { useId } from 'react'
import { classNames } from './class-names.ts'

interface PanelProps {
  readonly title: string
  /** How many things are in it. */
  readonly count?: string | undefined
  /** To the right of the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
  readonly className?: string
}

/** A part of a page under a heading of its own. */
export function Panel({ title, count, actions, children, className }: PanelProps) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={classNames('min-w-0', className)}>
      <header className="flex min-h-9 flex-wrap items-center justify-between gap-x-4 gap-y-1 pb-1.5">
        <h2 id={id} className="text-sm font-semibold">
          {title}
          {count !== undefined && <span className="ml-2 font-normal text-ink-3">{count}</span>}
        </h2>
        {actions}
      </header>
      {children}
    </section>
  )
}

/** What a panel shows when there is nothing in it: why, and what can be done. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <p className="rounded-lg border border-dashed border-line bg-surface px-4 py-5 text-center text-sm text-ink-2">
      {children}
    </p>
  )
}
