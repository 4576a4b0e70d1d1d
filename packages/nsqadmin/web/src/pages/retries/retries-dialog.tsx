import { useState } from 'react'
import type { FormEvent } from 'react'
import type { NodeRetries, RetriesBody } from '../../../../server/api-types.ts'
import { useAction } from '../../actions/use-action.ts'
import { api } from '../../api/paths.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { retriesErrors } from './check-retries.ts'
import type { Fields } from './check-retries.ts'

interface RetriesDialogProps {
  readonly topic: string
  readonly channel: string
  /** What holds now, to begin from. */
  readonly now: NodeRetries
  readonly onClose: () => void
}

/** Changes the policy on every node that has the channel. What is not touched stays as it is. */
export function RetriesDialog({ topic, channel, now, onClose }: RetriesDialogProps) {
  const [before] = useState<Fields>({
    max_attempts: String(now.max_attempts),
    dead_letter_topic: now.dead_letter_topic,
    backoff: now.backoff,
    jitter: String(now.jitter),
  })
  const [fields, setFields] = useState(before)
  const { run, busy } = useAction()
  const errors = retriesErrors(fields, topic)
  const changed = changesBetween(before, fields)
  const ready = Object.keys(changed).length > 0 && Object.values(errors).every((error) => error === undefined)

  async function save(body: RetriesBody, done: string): Promise<void> {
    if (await run({ method: 'POST', path: api.retries(topic, channel), body, done })) onClose()
  }
  function submit(event: FormEvent): void {
    event.preventDefault()
    if (ready && !busy) void save(changed, `Changed the retry policy of ${topic}/${channel}`)
  }
  const field = (name: keyof Fields) => ({
    value: fields[name],
    error: fields[name] === before[name] ? undefined : errors[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  })
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Retry policy of ${channel}`}
      description="On every node that has the channel. It outlives restarts, and wins over nsqd’s options; what is left empty goes back to those."
    >
      <form onSubmit={submit} className="mt-3 flex flex-col gap-1">
        <TextField
          label="Attempts"
          inputMode="numeric"
          hint="Deliveries that may fail before a message is a dead letter; 0: for ever. With go-nsq and pynsq at most 5."
          autoFocus
          {...field('max_attempts')}
        />
        <TextField
          label="Dead-letter topic"
          hint="It is made with the first letter. Several channels may share one."
          {...field('dead_letter_topic')}
        />
        <TextField
          label="Back-off"
          placeholder="none"
          hint="The wait after the first failure, the second…: 1s,10s,1m. The last one counts from then on."
          {...field('backoff')}
        />
        <TextField
          label="Jitter"
          inputMode="numeric"
          hint="Percent by which a wait is longer or shorter, at random."
          {...field('jitter')}
        />
        <DialogActions>
          <Button
            className="mr-auto"
            disabled={busy}
            onClick={() => void save(BY_OPTIONS, `The retry policy of ${topic}/${channel} is that of nsqd’s options`)}
          >
            Back to nsqd’s options
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={!ready || busy}>
            Change policy
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

const BY_OPTIONS: Fields = { max_attempts: '', dead_letter_topic: '', backoff: '', jitter: '' }

function changesBetween(before: Fields, fields: Fields): RetriesBody {
  const names = Object.keys(before) as (keyof Fields)[]
  return Object.fromEntries(
    names.filter((name) => fields[name] !== before[name]).map((name) => [name, fields[name].trim()]),
  )
}
