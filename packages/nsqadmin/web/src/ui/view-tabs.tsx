import { Link } from 'wouter'
import { classNames } from './class-names.ts'

export interface ViewTab {
  readonly name: string
  readonly href: string
  readonly current: boolean
}

/** The parts of a page, each at an address of its own. */
export function ViewTabs({ label, tabs }: { label: string; tabs: readonly ViewTab[] }) {
  return (
    <nav aria-label={label} className="mt-4 mb-3 flex gap-1 border-b border-line text-sm">
      {tabs.map(({ name, href, current }) => (
        <Link
          key={href}
          href={href}
          aria-current={current ? 'page' : undefined}
          className={classNames(
            '-mb-px flex h-9 items-center border-b-2 px-2 pointer-coarse:h-11',
            current ? 'border-ink font-medium text-ink' : 'border-transparent text-ink-2 hover:text-ink',
          )}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}
