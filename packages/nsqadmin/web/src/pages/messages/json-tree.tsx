// JSON, to be opened level by level. Only what is open is drawn, and long lists a piece at a time.
import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { ExactNumber } from './parse-exactly.ts'

/** Entries of an object or list that are drawn at once. */
const PIECE = 100
/** Levels that are open from the start, unless there is much in them. */
const OPEN_LEVELS = 3
const OPEN_ENTRIES_MAX = 40
/** Characters of a text in the tree. */
const TEXT_MAX = 500

export function JsonTree({ value }: { value: unknown }) {
  return (
    <div
      role="region"
      tabIndex={0}
      aria-label="Body as JSON"
      className="max-h-[32rem] overflow-auto rounded-md border border-line bg-surface px-3 py-2 font-mono text-xs leading-5"
    >
      <Value value={value} level={0} />
    </div>
  )
}

interface NodeProps {
  readonly name?: string
  readonly value: unknown
  readonly level: number
}

function Value({ name, value, level }: NodeProps) {
  if (typeof value === 'object' && value !== null && !(value instanceof ExactNumber)) {
    return <Branch {...(name === undefined ? {} : { name })} value={value} level={level} />
  }
  return (
    <div className="pl-4 break-all">
      {name !== undefined && <Name>{name}</Name>}
      <Leaf value={value} />
    </div>
  )
}

function Branch({ name, value, level }: NodeProps & { value: object }) {
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  const [open, setOpen] = useState(level < OPEN_LEVELS && entries.length <= (level === 0 ? PIECE : OPEN_ENTRIES_MAX))
  const [drawn, setDrawn] = useState(PIECE)
  const size = isList ? `[${count(entries.length)}]` : `{${count(entries.length)}}`
  if (entries.length === 0) {
    return (
      <div className="pl-4">
        {name !== undefined && <Name>{name}</Name>}
        {isList ? '[]' : '{}'}
      </div>
    )
  }
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex max-w-full items-center rounded-sm pr-1 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={classNames('size-4 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')}
        />
        {name !== undefined && <Name>{name}</Name>}
        <span className="text-ink-3">{size}</span>
      </button>
      {open && (
        <div className="ml-2 border-l border-line pl-2">
          {entries.slice(0, drawn).map(([key, entry]) => (
            <Value key={key} name={key} value={entry} level={level + 1} />
          ))}
          {entries.length > drawn && (
            <Button className="my-1 ml-4" onClick={() => setDrawn(drawn + PIECE)}>
              {count(Math.min(PIECE, entries.length - drawn))} more of {count(entries.length)}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

function Name({ children }: { children: string }) {
  return <span className="mr-1.5 text-ink-2">{children}:</span>
}

function Leaf({ value }: { value: unknown }): ReactNode {
  if (value instanceof ExactNumber) return <span className="text-in">{value.source}</span>
  switch (typeof value) {
    case 'string':
      return <Text text={value} />
    case 'number':
      return <span className="text-in">{String(value)}</span>
    default:
      return <span className="text-warn">{String(value)}</span>
  }
}

function Text({ text }: { text: string }) {
  const [all, setAll] = useState(false)
  const cut = !all && text.length > TEXT_MAX
  return (
    <span className="text-out">
      {JSON.stringify(cut ? text.slice(0, TEXT_MAX) : text)}
      {cut && (
        <Button className="ml-1.5 font-sans" onClick={() => setAll(true)}>
          {count(text.length - TEXT_MAX)} more characters
        </Button>
      )}
    </span>
  )
}
