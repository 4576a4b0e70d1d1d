import { History } from 'lucide-react'
import { useState } from 'react'
import type { RewindAnswer, RewindBody } from '../../../server/api-types.ts'
import { api } from '../api/paths.ts'
import { count } from '../format/numbers.ts'
import { ago } from '../format/times.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { useAction } from './use-action.ts'

interface RewindButtonProps {
  readonly topic: string
  readonly channel: string
}

const HOUR_MS = 3_600_000

/** Has a channel go back to a time: what was published since is delivered again, as far as the nodes keep it. */
export function RewindButton(props: RewindButtonProps) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <History aria-hidden /> Rewind
      </Button>
      {open && <RewindDialog {...props} onClose={() => setOpen(false)} />}
    </>
  )
}

function RewindDialog({ topic, channel, onClose }: RewindButtonProps & { onClose: () => void }) {
  const { run, busy } = useAction()
  const [openedAt] = useState(() => Date.now())
  const [text, setText] = useState(() => localTime(openedAt - HOUR_MS))
  const to = new Date(text).getTime() // the field's text is of the reader's own time zone, as Date takes it
  const error = Number.isNaN(to) ? 'A date and a time.' : to > openedAt ? 'This time is yet to come.' : undefined

  async function rewind(): Promise<void> {
    if (error !== undefined) return
    const body: RewindBody = { to }
    const done = (answer: RewindAnswer) => `Rewound ${topic}/${channel}: ${comeAgain(answer)}`
    if (await run<RewindAnswer>({ method: 'POST', path: api.rewind(topic, channel), body, done })) onClose()
  }
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Rewind channel ${channel}?`}
      consequence="What was published at this time or later is delivered again, on this channel alone, on every node that keeps it. Its consumers see those messages once more."
      verb="Rewind channel"
      busy={busy}
      onConfirm={() => void rewind()}
    >
      <TextField
        label="Back to"
        type="datetime-local"
        step={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={error}
        hint={error === undefined ? ago(openedAt - to) : undefined}
      />
    </ConfirmDialog>
  )
}

function comeAgain({ nodes }: RewindAnswer): string {
  const messages = nodes.reduce((sum, node) => sum + node.messages, 0)
  const all = messages === 1 ? '1 message comes again' : `${count(messages)} messages come again`
  return nodes.every(({ complete }) => complete) ? all : `${all}; not all since then was kept`
}

/** As a field of date and time wants it: `2026-11-21T10:14:03`, in the reader's time zone. */
function localTime(ms: number): string {
  const date = new Date(ms)
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
