// What can be done to one message, each after a question.
import { Ban, Check, CornerUpLeft, Send, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'
import type { MessageAction, MessageActionBody, MessageState, RedriveBody } from '../../../../server/api-types.ts'
import { ConfirmDialog } from '../../actions/confirm-dialog.tsx'
import { useAction } from '../../actions/use-action.ts'
import { api } from '../../api/paths.ts'
import type { Place } from '../../api/paths.ts'
import { bytes } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import type { FoundMessage } from './use-messages.ts'

interface MessageActionsProps {
  readonly found: FoundMessage
  readonly state: MessageState
  /** The channel that is looked at: dead letters go back there. */
  readonly origin: Place
}

type Asked = MessageAction | 'redrive'

const OFFERED: Readonly<Record<MessageState, readonly Asked[]>> = {
  ready: ['requeue', 'finish'],
  in_flight: ['requeue', 'finish'],
  deferred: ['deliver', 'cancel'],
  dead: ['redrive', 'discard'],
}

const ICONS = {
  finish: Check,
  requeue: CornerUpLeft,
  deliver: Send,
  cancel: Ban,
  discard: Trash2,
  redrive: Undo2,
} as const
const NAMES: Readonly<Record<Asked, string>> = {
  finish: 'Finish',
  requeue: 'Requeue',
  deliver: 'Deliver now',
  cancel: 'Cancel',
  discard: 'Discard',
  redrive: 'Redrive',
}

export function MessageActions({ found, state, origin }: MessageActionsProps) {
  const [asked, setAsked] = useState<Asked>()
  if (origin.channel === null) return null // what lies in a topic itself belongs to no channel yet, on which it could be finished
  return (
    <div className="flex flex-wrap gap-1.5">
      {OFFERED[state].map((one) => {
        const Icon = ICONS[one]
        return (
          <Button key={one} kind={isFinal(one) ? 'danger' : 'plain'} onClick={() => setAsked(one)}>
            <Icon aria-hidden /> {NAMES[one]}
          </Button>
        )
      })}
      {asked === 'redrive' && <RedriveOne found={found} origin={origin} onClose={() => setAsked(undefined)} />}
      {asked !== undefined && asked !== 'redrive' && (
        <ActOnOne action={asked} found={found} state={state} origin={origin} onClose={() => setAsked(undefined)} />
      )}
    </div>
  )
}

function isFinal(action: Asked): boolean {
  return action === 'finish' || action === 'cancel' || action === 'discard'
}

interface ActOnOneProps {
  readonly action: MessageAction
  readonly found: FoundMessage
  readonly state: MessageState
  readonly origin: Place
  readonly onClose: () => void
}

function ActOnOne({ action, found: { message, node, place }, state, origin, onClose }: ActOnOneProps) {
  const { run, busy } = useAction()
  const [seconds, setSeconds] = useState('')
  const wait = Number(seconds)
  const valid = Number.isFinite(wait) && wait >= 0

  async function act(): Promise<void> {
    if (!valid) return
    const body: MessageActionBody = {
      node,
      id: message.id,
      action,
      ...(action === 'requeue' && wait > 0 && { defer: Math.round(wait * 1000) }),
      ...(action === 'discard' && place.channel !== null && { from: place.channel }),
    }
    if (await run({ method: 'POST', path: api.message(origin), body, done: `${DONE[action]} ${message.id}` })) onClose()
  }
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`${NAMES[action]} this message?`}
      consequence={
        <>
          {CONSEQUENCES[action]}
          {state === 'in_flight' && ' The consumer that has it is told so when it tries to finish it.'}
          <Which id={message.id} size={message.size} node={node} />
        </>
      }
      destroys={isFinal(action)}
      verb={VERBS[action]}
      busy={busy}
      onConfirm={() => void act()}
    >
      {action === 'requeue' && (
        <TextField
          label="Wait before"
          inputMode="decimal"
          placeholder="0"
          value={seconds}
          onChange={(event) => setSeconds(event.target.value)}
          hint="Seconds; empty: at once."
          error={valid ? undefined : 'A number of seconds.'}
        />
      )}
    </ConfirmDialog>
  )
}

const CONSEQUENCES: Readonly<Record<MessageAction, string>> = {
  finish: 'It counts as done on this channel, and no consumer gets it again. Other channels keep theirs.',
  requeue: 'It goes to the end of the line, or waits first. Its attempts stay.',
  deliver: 'It goes into the line now, whatever its time was.',
  cancel: 'It is never delivered on this channel. Other channels keep theirs.',
  discard: 'It is finished in the dead-letter topic, and not sent back to any channel.',
}
const VERBS: Readonly<Record<MessageAction, string>> = {
  finish: 'Finish message',
  requeue: 'Requeue message',
  deliver: 'Deliver message now',
  cancel: 'Cancel message',
  discard: 'Discard message',
}
const DONE: Readonly<Record<MessageAction, string>> = {
  finish: 'Finished',
  requeue: 'Requeued',
  deliver: 'Delivered now:',
  cancel: 'Cancelled',
  discard: 'Discarded',
}

interface RedriveOneProps {
  readonly found: FoundMessage
  readonly origin: Place
  readonly onClose: () => void
}

function RedriveOne({ found: { message, node, place }, origin, onClose }: RedriveOneProps) {
  const { run, busy } = useAction()
  const { topic, channel } = origin
  if (channel === null) return null
  const path = api.redrive(topic, channel)
  const body: RedriveBody = { node, id: message.id, ...(place.channel !== null && { from: place.channel }) }
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title="Send this message back?"
      consequence={
        <>
          It goes back to {channel} alone, as if it had never been delivered.
          <Which id={message.id} size={message.size} node={node} />
        </>
      }
      verb="Send back"
      busy={busy}
      onConfirm={() => {
        void run({ method: 'POST', path, body, done: `Sending ${message.id} back to ${channel}` }).then(
          (done) => done && onClose(),
        )
      }}
    />
  )
}

function Which({ id, size, node }: { id: string; size: number; node: string }): ReactNode {
  return (
    <span className="mt-2 block text-xs text-ink-3">
      <code className="font-mono">{id}</code>, {bytes(size)}, on {node}
    </span>
  )
}
