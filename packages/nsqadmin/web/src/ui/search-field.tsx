import { Search, X } from 'lucide-react'
import type { KeyboardEvent, RefObject } from 'react'

export interface SearchFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  /** Arrow down: on to what was found. */
  readonly onDown?: () => void
  /** Enter: the first that was found. */
  readonly onEnter?: () => void
  readonly ref: RefObject<HTMLInputElement | null>
}

/** Filters while it is typed into. `/` leads to it from anywhere, Esc empties it, then leaves it. */
export function SearchField({ label, value, onChange, onDown, onEnter, ref }: SearchFieldProps) {
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown') onDown?.()
    else if (event.key === 'Enter') onEnter?.()
    else if (event.key !== 'Escape') return
    else if (value === '') ref.current?.blur()
    else onChange('')
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="relative w-full sm:w-72">
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-2 size-3.5 -translate-y-1/2 text-ink-3"
      />
      <input
        ref={ref}
        type="text"
        role="searchbox"
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-7 text-sm text-ink placeholder:text-ink-3 pointer-coarse:h-10 pointer-coarse:text-[16px]"
      />
      {value === '' ? (
        <kbd
          aria-hidden
          className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 rounded-sm border border-line px-1 font-sans text-xs text-ink-3 pointer-coarse:hidden"
        >
          /
        </kbd>
      ) : (
        <button
          type="button"
          aria-label="Clear the search"
          onClick={() => {
            onChange('')
            ref.current?.focus()
          }}
          className="absolute top-1/2 right-1 -translate-y-1/2 rounded-sm p-1 text-ink-3 hover:text-ink"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      )}
    </div>
  )
}
