import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { useId } from 'react'
import type { MessageState, ShownMessage } from '../../../../server/api-types.ts'
import type { Place } from '../../api/paths.ts'
import { bytes, count } from '../../format/numbers.ts'
import { fromNow, momentOf, timeOfDay } from '../../format/times.ts'
import { classNames } from '../../ui/class-names.ts'
import { Tag } from '../../ui/tag.tsx'
import { deathOf } from './death.ts'
import { MessageActions } from './message-actions.tsx'
import { MessageBody } from './message-body.tsx'
import type { FoundMessage } from './use-messages.ts'

interface MessageRowProps {
  readonly found: FoundMessage
  readonly state: MessageState
  readonly origin: Place
  readonly canAct: boolean
  readonly open: boolean
  readonly onToggle: () => void
}

/** Of a body, in the line that stands for it; more than fits on the widest screen. */
const PREVIEW_MAX = 400

export function MessageRow({ found, state, origin, canAct, open, onToggle }: MessageRowProps) {
  const { message, node } = found
  const id = useId()
  return (
    <li data-message={message.id} className="border-b border-line last:border-b-0">
      <button
        type="button"
        data-message-head
        aria-expanded={open}
        aria-controls={id}
        onClick={onToggle}
        className="flex w-full items-start gap-2 px-2.5 py-1.5 text-left -outline-offset-2! hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={classNames('mt-0.5 size-4 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')}
        />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-mono text-xs leading-5">
            {message.size === 0 ? <span className="text-ink-3">empty</span> : preview(message)}
          </span>
          <span className="flex flex-wrap items-center gap-x-3 text-xs text-ink-3">
            <Summary message={message} state={state} />
            <span>{bytes(message.size)}</span>
            <span className="truncate">{node}</span>
          </span>
        </span>
      </button>
      {open && (
        <div id={id} className="flex flex-col gap-3 border-t border-line bg-page px-3 py-3 sm:pl-8.5">
          <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
            <Facts found={found} state={state} />
            {canAct && <MessageActions found={found} state={state} origin={origin} />}
          </div>
          <MessageBody found={found} />
        </div>
      )}
    </li>
  )
}

/** What matters most of a message in its state. */
function Summary({ message, state }: { message: ShownMessage; state: MessageState }) {
  const { timestamp, attempts, due, consumer } = message
  const death = deathOf(message)
  const published = <time dateTime={new Date(timestamp).toISOString()}>{timeOfDay(timestamp)}</time>
  switch (state) {
    case 'ready':
      return (
        <>
          {published}
          {attempts > 0 && <Tag tone="warn">delivered {times(attempts)}</Tag>}
        </>
      )
    case 'in_flight':
      return (
        <>
          <Tag tone="accent">{consumer === null || consumer.client_id === '' ? 'a consumer' : consumer.client_id}</Tag>
          {consumer !== null && <span>until {timeOfDay(consumer.times_out_at)}</span>}
          {attempts > 1 && <Tag tone="warn">attempt {attempts}</Tag>}
        </>
      )
    case 'deferred':
      return (
        <>
          <span className="text-ink">{due === null ? 'due: not known yet' : fromNow(due)}</span>
          {attempts > 0 && <Tag tone="warn">delivered {times(attempts)}</Tag>}
        </>
      )
    case 'dead':
      return (
        <>
          {death?.lastFailed === undefined ? published : <span>died {timeOfDay(death.lastFailed)}</span>}
          {death !== undefined && <Tag tone="bad">{death.reason}</Tag>}
          {death !== undefined && <span>{attemptsText(death.attempts)}</span>}
        </>
      )
    default:
      return state satisfies never
  }
}

/** Everything that is known of it. */
function Facts({ found: { message, node, place }, state }: { found: FoundMessage; state: MessageState }) {
  const { id, timestamp, attempts, due, consumer, headers } = message
  const death = deathOf(message)
  const own = Object.entries(headers).filter(([name]) => death === undefined || !name.startsWith('nsq-'))
  return (
    <dl className="grid min-w-0 grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
      <Fact name="Id">
        <code className="font-mono text-xs">{id}</code>
      </Fact>
      <Fact name="Published">{momentOf(timestamp)}</Fact>
      {death === undefined && <Fact name="Delivered">{attempts === 0 ? 'never' : times(attempts)}</Fact>}
      {state === 'deferred' && (
        <Fact name="Due">
          {due === null ? 'known once its topic has a channel' : `${momentOf(due)}, ${fromNow(due)}`}
        </Fact>
      )}
      {consumer !== null && (
        <>
          <Fact name="With">
            {[consumer.client_id, consumer.hostname, consumer.remote_address].filter(Boolean).join(', ')}
          </Fact>
          <Fact name="Sent">{momentOf(consumer.delivered_at)}</Fact>
          <Fact name="Times out">
            {momentOf(consumer.times_out_at)}, {fromNow(consumer.times_out_at)}
          </Fact>
        </>
      )}
      {death !== undefined && (
        <>
          <Fact name="Died of">
            <Tag tone="bad">{death.reason}</Tag> {death.meaning}, {attemptsText(death.attempts)}
          </Fact>
          <Fact name="Came from">
            {death.topic}/{death.channel}, as <code className="font-mono text-xs">{death.id}</code>
          </Fact>
          {death.published !== undefined && <Fact name="First published">{momentOf(death.published)}</Fact>}
          {death.firstFailed !== undefined && <Fact name="First failed">{momentOf(death.firstFailed)}</Fact>}
          {death.lastFailed !== undefined && <Fact name="Last failed">{momentOf(death.lastFailed)}</Fact>}
        </>
      )}
      <Fact name="On">
        {node}
        {state === 'dead' && `, in ${place.topic}${place.channel === null ? '' : `/${place.channel}`}`}
      </Fact>
      {own.map(([name, value]) => (
        <Fact key={name} name={name} exact>
          <code className="font-mono text-xs">{value}</code>
        </Fact>
      ))}
    </dl>
  )
}

function Fact({ name, exact = false, children }: { name: string; exact?: boolean; children: ReactNode }) {
  return (
    <>
      <dt className={classNames('text-ink-3', exact && 'font-mono text-xs leading-5')}>{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  )
}

function preview({ body, encoding }: ShownMessage): string {
  if (encoding === 'base64') return `base64: ${body.slice(0, PREVIEW_MAX)}`
  return body.slice(0, PREVIEW_MAX).replaceAll(/\s+/g, ' ')
}

function times(attempts: number): string {
  return attempts === 1 ? 'once' : `${count(attempts)} times`
}

function attemptsText(attempts: number): string {
  return attempts === 1 ? 'after 1 attempt' : `after ${count(attempts)} attempts`
}
