import { Send } from 'lucide-react'
import { useState } from 'react'
import type { FormEvent } from 'react'
import type { PublishAnswer, PublishBody } from '../../../server/api-types.ts'
import { send } from '../api/client.ts'
import { api } from '../api/paths.ts'
import { queryClient } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { SelectField, TextArea, TextField } from '../ui/field.tsx'
import { notify } from '../ui/toasts.tsx'

interface PublishButtonProps {
  readonly topic: string
  /** Nodes that have it. */
  readonly nodes: readonly string[]
}

/** Publishes a message by hand. The dialog stays open, since one is rarely enough. */
export function PublishButton({ topic, nodes }: PublishButtonProps) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Send aria-hidden /> Publish
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={`Publish to ${topic}`}
        description="One message, as any producer would send it. Its consumers cannot tell it from a real one."
      >
        <PublishForm topic={topic} nodes={nodes} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

/** Longer than any nsqd takes by default (--max-req-timeout is an hour). */
const DEFER_MAX_SECONDS = 3600

function PublishForm({ topic, nodes, onClose }: PublishButtonProps & { onClose: () => void }) {
  const [body, setBody] = useState('')
  const [seconds, setSeconds] = useState('')
  const [node, setNode] = useState('')
  const [busy, setBusy] = useState(false)
  const defer = Number(seconds)
  const deferError =
    Number.isFinite(defer) && defer >= 0 && defer <= DEFER_MAX_SECONDS ? undefined : '0 to 3600 seconds'

  async function publish(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (body === '' || deferError !== undefined) return
    setBusy(true)
    const message: PublishBody = {
      body,
      ...(defer > 0 && { defer: Math.round(defer * 1000) }),
      ...(node !== '' && { node }),
    }
    try {
      const answer = await send<PublishAnswer>('POST', api.publish(topic), message)
      const when = defer > 0 ? `, deferred by ${seconds} s` : ''
      notify({ tone: 'good', title: `Published to ${topic} on ${answer.node}${when}` })
    } catch (error) {
      notify({ tone: 'bad', title: 'The message was not published', detail: (error as Error).message })
    } finally {
      setBusy(false)
      void queryClient.invalidateQueries()
    }
  }
  return (
    <form onSubmit={(event) => void publish(event)} className="mt-3">
      <TextArea
        label="Message"
        rows={6}
        value={body}
        onChange={(event) => setBody(event.target.value)}
        hint="Text; sent as UTF-8."
        autoFocus
      />
      <div className="mt-1 grid grid-cols-2 gap-3">
        <TextField
          label="Defer by"
          inputMode="decimal"
          placeholder="0"
          value={seconds}
          onChange={(event) => setSeconds(event.target.value)}
          hint="Seconds; empty: at once."
          error={deferError}
        />
        <SelectField label="Node" value={node} onChange={(event) => setNode(event.target.value)}>
          <option value="">Any that has the topic</option>
          {nodes.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </SelectField>
      </div>
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        <Button type="submit" kind="primary" disabled={busy || body === '' || deferError !== undefined}>
          <Send aria-hidden /> Publish message
        </Button>
      </DialogActions>
    </form>
  )
}
