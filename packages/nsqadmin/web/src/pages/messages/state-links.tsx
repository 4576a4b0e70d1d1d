import { Link, useLocation } from 'wouter'
import type { MessageState } from '../../../../server/api-types.ts'
import { count } from '../../format/numbers.ts'
import { classNames } from '../../ui/class-names.ts'
import { searchFor } from './use-address.ts'

export const STATE_NAMES: Readonly<Record<MessageState, string>> = {
  ready: 'Ready',
  in_flight: 'In flight',
  deferred: 'Deferred',
  dead: 'Dead',
}
interface StateLinksProps {
  readonly states: readonly MessageState[]
  readonly current: MessageState
  /** How many messages there are in each, as far as is known. */
  readonly counts: Readonly<Partial<Record<MessageState, number>>>
}

/** The states, each at an address of its own. */
export function StateLinks({ states, current, counts }: StateLinksProps) {
  const [path] = useLocation()
  return (
    <nav aria-label="States" className="flex overflow-hidden rounded-md border border-line bg-surface">
      {states.map((state) => (
        <Link
          key={state}
          href={path + searchFor(state)}
          aria-current={state === current ? 'page' : undefined}
          className={classNames(
            'flex h-8 items-center gap-1.5 border-l border-line px-2.5 text-sm whitespace-nowrap first:border-l-0 pointer-coarse:h-10',
            state === current ? 'bg-sunken font-semibold text-ink' : 'text-ink-2 hover:bg-hover hover:text-ink',
          )}
        >
          {STATE_NAMES[state]}
          {state !== 'dead' && (
            <span className="inline-block min-w-[3ch] font-normal text-ink-3 max-sm:sr-only">
              {counts[state] !== undefined && count(counts[state])}
            </span>
          )}
        </Link>
      ))}
    </nav>
  )
}
