// What can be done to a topic or a channel: both hold messages, both can be paused, emptied and deleted.
import { Eraser, Pause, Play, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, pages } from '../api/paths.ts'
import { count } from '../format/numbers.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { useAction } from './use-action.ts'

interface QueueActionsProps {
  readonly topic: string
  /** Absent: it is about the topic. */
  readonly channel?: string
  readonly paused: boolean
  /** Messages that emptying it takes away: waiting, in flight, deferred. */
  readonly held: number | undefined
  /** Messages that deleting it takes away; of a topic, those of its channels as well. */
  readonly heldInAll: number | undefined
  /** Of a topic: how many channels go with it. */
  readonly channels?: number | undefined
  readonly consumers: number | undefined
}

type Asked = 'pause' | 'empty' | 'delete' | undefined

export function QueueActions(props: QueueActionsProps) {
  const { topic, channel, paused } = props
  const [asked, setAsked] = useState<Asked>()
  const { run, busy } = useAction()
  const [, navigate] = useLocation()
  const kind = channel === undefined ? 'topic' : 'channel'
  const name = channel === undefined ? topic : `${topic}/${channel}`
  const path = channel === undefined ? api.topic(topic) : api.channel(topic, channel)

  async function act(action: 'pause' | 'unpause' | 'empty', done: string): Promise<void> {
    if (await run({ method: 'POST', path, body: { action }, done })) setAsked(undefined)
  }
  async function remove(): Promise<void> {
    if (!(await run({ method: 'DELETE', path, done: `Deleted ${kind} ${name}` }))) return
    setAsked(undefined)
    navigate(channel === undefined ? pages.overview : pages.topic(topic))
  }
  const dialog = (which: Asked) => ({
    open: asked === which,
    onOpenChange: (open: boolean) => setAsked(open ? which : undefined),
    busy,
  })
  return (
    <>
      {paused ? (
        <Button disabled={busy} onClick={() => void act('unpause', `Unpaused ${name}`)}>
          <Play aria-hidden /> Unpause
        </Button>
      ) : (
        <Button onClick={() => setAsked('pause')}>
          <Pause aria-hidden /> Pause
        </Button>
      )}
      <Button kind="danger" onClick={() => setAsked('empty')}>
        <Eraser aria-hidden /> Empty
      </Button>
      <Button kind="danger" onClick={() => setAsked('delete')}>
        <Trash2 aria-hidden /> Delete
      </Button>
      <ConfirmDialog
        {...dialog('pause')}
        title={`Pause ${kind} ${name}?`}
        consequence={
          channel === undefined
            ? 'Messages are still accepted, but wait in the topic: its channels get none until it is unpaused.'
            : 'Messages still come in, but wait in the channel: its consumers get none until it is unpaused.'
        }
        verb={`Pause ${kind}`}
        onConfirm={() => void act('pause', `Paused ${name}`)}
      />
      <ConfirmDialog
        {...dialog('empty')}
        title={`Empty ${kind} ${name}?`}
        consequence={<Emptied {...props} />}
        name={channel ?? topic}
        verb={`Empty ${kind}`}
        onConfirm={() => void act('empty', `Emptied ${name}`)}
      />
      <ConfirmDialog
        {...dialog('delete')}
        title={`Delete ${kind} ${name}?`}
        consequence={<Deleted {...props} />}
        name={channel ?? topic}
        verb={`Delete ${kind}`}
        onConfirm={() => void remove()}
      />
    </>
  )
}

function Emptied({ channel, held }: QueueActionsProps) {
  return channel === undefined ? (
    <>
      <Gone messages={held} /> that wait in the topic itself will be gone, on every node. What its channels hold stays.
    </>
  ) : (
    <>
      <Gone messages={held} /> of this channel, waiting, in flight or deferred, will be gone, on every node. Other
      channels keep theirs.
    </>
  )
}

function Deleted({ channel, heldInAll, channels, consumers }: QueueActionsProps) {
  return (
    <>
      {channel === undefined && (
        <>
          The topic, its <strong>{channels === 1 ? '1 channel' : `${count(channels)} channels`}</strong> and{' '}
        </>
      )}
      {channel !== undefined && 'The channel and '}
      <Gone messages={heldInAll} /> will be gone, on every node.{' '}
      {consumers !== undefined && consumers > 0 && (
        <>
          <strong>{consumers === 1 ? '1 consumer' : `${count(consumers)} consumers`}</strong> will be disconnected.
        </>
      )}
    </>
  )
}

/** `1,234 messages`, in bold. */
export function Gone({ messages }: { messages: number | undefined }) {
  const text = messages === undefined ? 'all messages' : messages === 1 ? '1 message' : `${count(messages)} messages`
  return <strong className="font-semibold text-ink">{text}</strong>
}
