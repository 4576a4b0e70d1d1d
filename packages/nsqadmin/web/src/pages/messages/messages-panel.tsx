// Messages of a channel, or of a topic that has none, without consuming them.
import { ChevronLeft, ChevronRight, RefreshCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { MessageState } from '../../../../server/api-types.ts'
import type { Place } from '../../api/paths.ts'
import { count } from '../../format/numbers.ts'
import { timeOfDay } from '../../format/times.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { Warning } from '../../ui/notices.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import type { SearchFieldProps } from '../../ui/search-field.tsx'
import { SmallSelect } from '../../ui/small-select.tsx'
import { MessageList } from './message-list.tsx'
import { RedriveBar } from './redrive-bar.tsx'
import { searchFor, useMessagesAddress } from './use-address.ts'
import { useMessages } from './use-messages.ts'
import type { MessagesFound } from './use-messages.ts'

interface MessagesPanelProps {
  readonly place: Place
  /** Nodes that have it. */
  readonly nodes: readonly string[]
  /** How many messages there are in each state, as far as is known. */
  readonly counts: Readonly<Partial<Record<MessageState, number>>>
  /** May whoever looks at them act on them? */
  readonly canAct: boolean
}

const OF_CHANNEL: readonly MessageState[] = ['ready', 'in_flight', 'deferred', 'dead']
const OF_TOPIC: readonly MessageState[] = ['ready', 'deferred']
const NAMES: Readonly<Record<MessageState, string>> = {
  ready: 'Ready',
  in_flight: 'In flight',
  deferred: 'Deferred',
  dead: 'Dead',
}
/** Somebody who types does not want an answer to each letter: nsqd looks through many messages for it. */
const TYPING_MS = 400

export function MessagesPanel({ place, nodes, counts, canAct }: MessagesPanelProps) {
  const [address, change] = useMessagesAddress()
  const { contains, from, node, at } = address
  const states = place.channel === null ? OF_TOPIC : OF_CHANNEL
  const state = states.includes(address.state) ? address.state : 'ready'
  const asked = node === '' ? nodes : [node]
  const offsets = at.size > 0 ? at : new Map(asked.map((name) => [name, 0]))
  const found = useMessages({ place, state, contains, from, offsets })
  const { trail, forget, remember } = useTrail()
  const search = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  return (
    <Panel
      title="Messages"
      count={found.count === undefined ? undefined : `${count(found.count)} ${NAMES[state].toLowerCase()}`}
      actions={
        <span className="flex items-center gap-2 text-xs text-ink-3">
          {found.at !== undefined && <span className="max-sm:sr-only">as of {timeOfDay(found.at)}</span>}
          <Button onClick={found.refresh}>
            <RefreshCw aria-hidden /> Look again
          </Button>
        </span>
      }
    >
      <div className="flex flex-wrap items-center gap-2 pb-2">
        <nav aria-label="States" className="flex overflow-hidden rounded-md border border-line bg-surface">
          {states.map((one) => (
            <StateLink key={one} state={one} current={one === state} count={counts[one]} />
          ))}
        </nav>
        <Contains
          ref={search}
          onDown={() => list.current?.querySelector('button')?.focus()}
          value={contains}
          onChange={(contains) => {
            forget()
            change({ contains }, { replace: true })
          }}
        />
        {nodes.length !== 1 && (
          <Choice label="Node" value={node} all="All nodes" options={nodes} onChange={(node) => change({ node })} />
        )}
        {found.channels.length > 1 && (
          <Choice
            label="Channel of the dead letters"
            value={from}
            all="Usual channel"
            options={found.channels}
            onChange={(from) => change({ from })}
          />
        )}
      </div>
      {state === 'dead' && place.channel !== null && (
        <RedriveBar
          topic={place.topic}
          channel={place.channel}
          found={found}
          contains={contains}
          from={from}
          canAct={canAct}
        />
      )}
      <Problems found={found} />
      <div ref={list} className="min-h-[22rem]">
        {found.messages.length > 0 ? (
          <MessageList
            messages={found.messages}
            state={state}
            origin={place}
            canAct={canAct}
            onLeaveTop={() => search.current?.focus()}
          />
        ) : (
          found.waiting.length === 0 &&
          found.count !== undefined && (
            <Empty>{contains === '' ? NOTHING[state] : nothingContains(contains, found.next.size > 0)}</Empty>
          )
        )}
        {(at.size > 0 || found.next.size > 0) && (
          <div className="mt-2 flex justify-end gap-2">
            <Button
              disabled={at.size === 0}
              onClick={() => {
                change({ at: trail.at(-1) ?? new Map() })
                remember(trail.slice(0, -1))
              }}
            >
              <ChevronLeft aria-hidden /> Previous
            </Button>
            <Button
              disabled={found.next.size === 0}
              onClick={() => {
                remember([...trail, at])
                change({ at: found.next })
              }}
            >
              Next <ChevronRight aria-hidden />
            </Button>
          </div>
        )}
      </div>
    </Panel>
  )
}

const NOTHING: Readonly<Record<MessageState, string>> = {
  ready: 'Nothing waits here.',
  in_flight: 'No consumer has a message at the moment.',
  deferred: 'No message waits for its time.',
  dead: 'No message has failed for good, as far as these nodes know.',
}

function nothingContains(contains: string, more: boolean): string {
  return more
    ? `Nothing with “${contains}” among those that were looked through; there are more on the next page.`
    : `Nothing with “${contains}” in it.`
}

function StateLink({
  state,
  current,
  count: known,
}: {
  state: MessageState
  current: boolean
  count?: number | undefined
}) {
  const [path] = useLocation()
  return (
    <Link
      href={path + searchFor(state)}
      aria-current={current ? 'page' : undefined}
      className={classNames(
        'flex h-8 items-center gap-1.5 whitespace-nowrap border-l border-line px-2.5 text-sm first:border-l-0 pointer-coarse:h-10',
        current ? 'bg-sunken font-semibold text-ink' : 'text-ink-2 hover:bg-hover hover:text-ink',
      )}
    >
      {NAMES[state]}
      {state !== 'dead' && (
        <span className="inline-block min-w-[3ch] font-normal text-ink-3 max-sm:sr-only">
          {known !== undefined && count(known)}
        </span>
      )}
    </Link>
  )
}

/** The pages that led here, so that there is a way back. Somebody who came by a link goes back to the first. */
function useTrail() {
  const [trail, remember] = useState<readonly ReadonlyMap<string, number>[]>([])
  return { trail, remember, forget: () => remember([]) }
}

interface ContainsProps extends Pick<SearchFieldProps, 'ref' | 'onDown'> {
  readonly value: string
  readonly onChange: (value: string) => void
}

function Contains({ value, onChange, ...rest }: ContainsProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const tell = useRef(onChange)
  tell.current = onChange
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => tell.current(typed), TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed, value])
  return (
    <SearchField {...rest} label="Body contains" value={typed} onChange={setTyped} onEnter={() => onChange(typed)} />
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly all: string
  readonly options: readonly string[]
  readonly onChange: (value: string) => void
}

function Choice({ label, value, all, options, onChange }: ChoiceProps) {
  return (
    <SmallSelect
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="h-8 pointer-coarse:h-10"
    >
      <option value="">{all}</option>
      {options.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </SmallSelect>
  )
}

/** What cannot be shown, node by node: the others are. */
function Problems({ found: { problems, waiting } }: { found: MessagesFound }) {
  const lines = [
    ...problems.map(({ node, reason }) => `${node}: ${reason}`),
    ...waiting.map((node) => `${node} has not answered yet.`),
  ]
  const late = useLate(waiting.length > 0)
  const shown = late ? lines : lines.slice(0, problems.length)
  return <div role="status">{shown.length > 0 && <Warning>{shown.join('\n')}</Warning>}</div>
}

const PATIENCE_MS = 800

/** True once it has lasted: an answer that comes at once is not worth a word. */
function useLate(waiting: boolean): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!waiting) {
      setLate(false)
      return
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [waiting])
  return late
}
