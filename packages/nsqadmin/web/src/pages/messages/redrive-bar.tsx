// All dead letters of a channel, or some of them, on their way back.
import { Square, Undo2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { NodeRedrive, RedriveBody } from '../../../../server/api-types.ts'
import { ConfirmDialog } from '../../actions/confirm-dialog.tsx'
import { useAction } from '../../actions/use-action.ts'
import { api } from '../../api/paths.ts'
import { useRedrive } from '../../api/queries.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Warning } from '../../ui/notices.tsx'
import { REASONS } from './death.ts'
import type { MessagesFound } from './use-messages.ts'

interface RedriveBarProps {
  readonly topic: string
  readonly channel: string
  readonly found: MessagesFound
  readonly contains: string
  /** Channel of the dead-letter topic; empty: the usual one. */
  readonly from: string
  readonly canAct: boolean
}

export function RedriveBar({ topic, channel, found, contains, from, canAct }: RedriveBarProps) {
  const { data } = useRedrive(topic, channel)
  const { run, busy } = useAction()
  const [asked, setAsked] = useState(false)
  const nodes = data?.nodes ?? []
  const running = nodes.filter((node) => node.running)
  useLookAgain(running.length > 0, found.refresh)
  const failed = nodes.filter(({ error }) => error !== '')
  return (
    <>
      {failed.length > 0 && <Warning>{failed.map(({ node, error }) => `${node}: ${error}`).join('\n')}</Warning>}
      <div className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 pb-2 text-sm text-ink-2">
        {canAct && running.length === 0 && (
          <Button disabled={found.count === 0 || found.count === undefined} onClick={() => setAsked(true)}>
            <Undo2 aria-hidden /> Redrive letters
          </Button>
        )}
        {canAct && running.length > 0 && (
          <Button
            disabled={busy}
            onClick={() => void run({ method: 'DELETE', path: api.redrive(topic, channel), done: 'Stopped' })}
          >
            <Square aria-hidden /> Stop
          </Button>
        )}
        <span role="status">{progress(nodes, channel)}</span>
      </div>
      {asked && (
        <RedriveDialog
          topic={topic}
          channel={channel}
          contains={contains}
          from={from}
          letters={found.count}
          onClose={() => setAsked(false)}
        />
      )}
    </>
  )
}

function progress(nodes: readonly NodeRedrive[], channel: string): string {
  const sent = nodes.reduce((sum, node) => sum + node.sent, 0)
  if (nodes.some(({ running }) => running)) return `On their way back to ${channel}: ${count(sent)} sent so far.`
  return sent === 0 ? '' : `${count(sent)} sent back to ${channel} the last time.`
}

/** When the last is through, what is shown is no longer there. */
function useLookAgain(running: boolean, refresh: () => void): void {
  const before = useRef(running)
  useEffect(() => {
    if (before.current && !running) refresh()
    before.current = running
  })
}

const RATE_MAX = 1_000_000

interface RedriveDialogProps extends Pick<RedriveBarProps, 'topic' | 'channel' | 'contains' | 'from'> {
  readonly letters: number | undefined
  readonly onClose: () => void
}

function RedriveDialog({ topic, channel, contains: searched, from, letters, onClose }: RedriveDialogProps) {
  const { run, busy } = useAction()
  const [contains, setContains] = useState(searched)
  const [reason, setReason] = useState('')
  const [rate, setRate] = useState('')
  const perSecond = rate === '' ? 0 : Number(rate)
  const valid = Number.isInteger(perSecond) && perSecond >= 0 && perSecond <= RATE_MAX
  const body: RedriveBody = { contains, reason, rate: perSecond, from }

  async function begin(): Promise<void> {
    if (!valid) return
    const done = `Sending dead letters back to ${channel}`
    if (await run({ method: 'POST', path: api.redrive(topic, channel), body, done })) onClose()
  }
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Send dead letters back to ${channel}?`}
      consequence={
        <>
          Of {letters === 1 ? 'the one dead letter' : `the ${count(letters)} dead letters`} on all nodes those that fit
          go back to this channel alone, as if they had never been delivered. It goes on by itself, also after a restart
          of nsqd, until it is through or stopped.
        </>
      }
      verb="Send back"
      busy={busy}
      onConfirm={() => void begin()}
    >
      <TextField
        label="Body contains"
        value={contains}
        onChange={(event) => setContains(event.target.value)}
        hint="Empty: all of them."
      />
      <div className="mt-1 grid grid-cols-2 gap-3">
        <SelectField label="Died of" value={reason} onChange={(event) => setReason(event.target.value)}>
          <option value="">Anything</option>
          {Object.keys(REASONS).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </SelectField>
        <TextField
          label="A second"
          inputMode="numeric"
          placeholder="as fast as it goes"
          value={rate}
          onChange={(event) => setRate(event.target.value)}
          hint="On each node."
          error={valid ? undefined : 'A whole number.'}
        />
      </div>
    </ConfirmDialog>
  )
}
