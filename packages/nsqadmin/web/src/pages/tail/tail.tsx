import { CirclePlay, Square } from 'lucide-react'
import { useState } from 'react'
import type { TailMessage } from '../../../../server/api-types.ts'
import { bytes, count } from '../../format/numbers.ts'
import { timeOfDay } from '../../format/times.ts'
import { Button } from '../../ui/button.tsx'
import { Warning } from '../../ui/notices.tsx'
import { Empty, Panel } from '../../ui/panel.tsx'
import { SmallSelect } from '../../ui/small-select.tsx'
import { Tag } from '../../ui/tag.tsx'
import { useTail } from './use-tail.ts'
import type { TailState } from './use-tail.ts'

interface TailProps {
  readonly topic: string
  /** Without one, a tail would take the messages that wait for the first. */
  readonly hasChannel: boolean
}

const RATES = [1, 10, 100] as const

/** Messages of a topic as they come. */
export function Tail({ topic, hasChannel }: TailProps) {
  const [running, setRunning] = useState(false)
  const [rate, setRate] = useState<number>(10)
  const tail = useTail(topic, rate, running)
  return (
    <Panel
      title="Tail"
      count={running ? tailing(tail) : undefined}
      actions={
        <span className="flex items-center gap-2">
          <label className="flex items-center gap-1.5 text-sm text-ink-2">
            At most
            <SmallSelect value={rate} onChange={(event) => setRate(Number(event.target.value))}>
              {RATES.map((rate) => (
                <option key={rate}>{rate}</option>
              ))}
            </SmallSelect>
            a second
          </label>
          <Button disabled={!hasChannel && !running} onClick={() => setRunning(!running)}>
            {running ? <Square aria-hidden /> : <CirclePlay aria-hidden />}
            {running ? 'Stop' : 'Tail live'}
          </Button>
        </span>
      }
    >
      {tail.error !== undefined && <Warning>{tail.error}</Warning>}
      {(tail.status?.problems.length ?? 0) > 0 && <Warning>{tail.status?.problems.join('\n')}</Warning>}
      {tail.messages.length > 0 ? (
        <ol
          aria-label="Messages, newest first"
          tabIndex={0}
          className="max-h-[30rem] overflow-y-auto rounded-lg border border-line bg-surface"
        >
          {tail.messages.map((message) => (
            <Message key={`${message.node} ${message.id} ${message.attempts}`} message={message} />
          ))}
        </ol>
      ) : (
        <Empty>
          {running
            ? 'Waiting for messages.'
            : hasChannel
              ? 'Shows messages as they are published, through an ephemeral channel of its own: nobody else misses any.'
              : 'The topic has no channel yet: a tail would take the messages that wait for the first one.'}
        </Empty>
      )}
    </Panel>
  )
}

function tailing({ open, status }: TailState): string | undefined {
  if (open === undefined) return 'connecting'
  const sampled = open.sample < 100 ? `, ${open.sample} % of the messages` : ''
  const skipped = status !== undefined && status.skipped > 0 ? `, ${count(status.skipped)} not shown` : ''
  return `${count(status?.shown ?? 0)} shown${skipped}${sampled}`
}

function Message({ message }: { message: TailMessage }) {
  const { id, timestamp, attempts, node, size, encoding, truncated } = message
  return (
    <li className="border-b border-line px-3 py-1.5 last:border-b-0">
      <p className="flex flex-wrap items-center gap-x-3 text-xs text-ink-3">
        <time dateTime={new Date(timestamp).toISOString()}>{timeOfDay(timestamp)}</time>
        <span className="font-mono">{id}</span>
        <span>{node}</span>
        <span>{bytes(size)}</span>
        {attempts > 1 && <Tag tone="warn">attempt {attempts}</Tag>}
        {encoding === 'base64' && <Tag>binary, as base64</Tag>}
        {truncated && <Tag>cut off</Tag>}
      </p>
      <pre className="font-mono text-xs break-all whitespace-pre-wrap">{message.body}</pre>
    </li>
  )
}
