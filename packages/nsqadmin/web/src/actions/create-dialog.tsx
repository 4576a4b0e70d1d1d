import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { FormEvent } from 'react'
import { useLocation } from 'wouter'
import type { CreateTopicBody } from '../../../server/api-types.ts'
import { api, pages } from '../api/paths.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { useAction } from './use-action.ts'

/** Makes a topic, or a channel of one that is there. */
export function CreateButton({ topic }: { topic?: string }) {
  const [open, setOpen] = useState(false)
  const [, navigate] = useLocation()
  const what = topic === undefined ? 'topic' : 'channel'
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Plus aria-hidden /> New {what}
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={topic === undefined ? 'New topic' : `New channel of ${topic}`}
        description={
          topic === undefined
            ? 'It is announced in nsqlookupd; each nsqd makes it with the first message, or the first consumer. A channel made with it gets every message from the first.'
            : 'It gets every message that is published from now on, and what waits in the topic if it is the first.'
        }
      >
        <CreateForm
          topic={topic}
          onCancel={() => setOpen(false)}
          onDone={(name) => {
            setOpen(false)
            if (topic === undefined) navigate(pages.topic(name))
          }}
        />
      </Dialog>
    </>
  )
}

interface CreateFormProps {
  /** Absent: a field asks for it. */
  readonly topic?: string | undefined
  readonly onDone: (topic: string) => void
  readonly onCancel?: () => void
}

const NAME = /^[.a-zA-Z0-9_-]{1,64}(#ephemeral)?$/
const NAME_MAX = 64

export function CreateForm({ topic: given, onDone, onCancel }: CreateFormProps) {
  const [typedTopic, setTopic] = useState('')
  const [channel, setChannel] = useState('')
  const { run, busy } = useAction()
  const topic = given ?? typedTopic
  const ready =
    nameError(topic) === undefined && (channel === '' ? given === undefined : nameError(channel) === undefined)

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!ready) return
    const body: CreateTopicBody = channel === '' ? { topic } : { topic, channel }
    const done = channel === '' ? `Created topic ${topic}` : `Created channel ${topic}/${channel}`
    if (!(await run({ method: 'POST', path: api.topics, body, done }))) return
    setTopic('')
    setChannel('')
    onDone(topic)
  }
  return (
    <form onSubmit={(event) => void create(event)} className="mt-3">
      <div className="grid gap-x-3 gap-y-1 sm:grid-flow-col sm:auto-cols-fr">
        {given === undefined && (
          <TextField
            label="Topic"
            value={typedTopic}
            onChange={(event) => setTopic(event.target.value)}
            error={typedTopic === '' ? undefined : nameError(typedTopic)}
            hint="Letters, digits, dot, dash, underscore."
          />
        )}
        <TextField
          label="Channel"
          value={channel}
          onChange={(event) => setChannel(event.target.value)}
          error={channel === '' ? undefined : nameError(channel)}
          hint={given === undefined ? 'May be left out.' : 'Letters, digits, dot, dash, underscore.'}
        />
      </div>
      <DialogActions>
        {onCancel !== undefined && <Button onClick={onCancel}>Cancel</Button>}
        <Button type="submit" kind="primary" disabled={!ready || busy}>
          <Plus aria-hidden /> Create
        </Button>
      </DialogActions>
    </form>
  )
}

/** What NSQ takes as a name, so that a slip shows while it is typed. */
function nameError(name: string): string | undefined {
  if (name.length > NAME_MAX) return `At most ${NAME_MAX} characters.`
  return NAME.test(name) ? undefined : 'Letters, digits, dot, dash, underscore; may end in #ephemeral.'
}
