// Messages of a channel, or of a topic that has none, without consuming them.
import { ChevronLeft, ChevronRight, RefreshCw } from 'lucide-react'
import { useRef, useState } from 'react'
import type { MessageState } from '../../../../server/api-types.ts'
import type { Place } from '../../api/paths.ts'
import { count } from '../../format/numbers.ts'
import { timeOfDay } from '../../format/times.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { SmallSelect } from '../../ui/small-select.tsx'
import { ContainsField } from './contains-field.tsx'
import { MessageList } from './message-list.tsx'
import { NodeProblems } from './node-problems.tsx'
import { RedriveBar } from './redrive-bar.tsx'
import { STATE_NAMES, StateLinks } from './state-links.tsx'
import { useMessagesAddress } from './use-address.ts'
import { useMessages } from './use-messages.ts'

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
      count={found.count === undefined ? undefined : `${count(found.count)} ${STATE_NAMES[state].toLowerCase()}`}
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
        <StateLinks states={states} current={state} counts={counts} />
        <ContainsField
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
      <NodeProblems found={found} />
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

/** The pages that led here, so that there is a way back. Somebody who came by a link goes back to the first. */
function useTrail() {
  const [trail, remember] = useState<readonly ReadonlyMap<string, number>[]>([])
  return { trail, remember, forget: () => remember([]) }
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
