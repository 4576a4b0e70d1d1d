import type { TombstoneBody } from '../../../server/api-types.ts'
import { api } from '../api/paths.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { Gone } from './queue-actions.tsx'
import { useAction } from './use-action.ts'

interface TombstoneDialogProps {
  readonly topic: string | undefined
  /** Either undefined: the dialog is closed. */
  readonly node: string | undefined
  /** That go with it. */
  readonly messages: number | undefined
  readonly onClose: () => void
}

/** Takes a topic away from one node: consumers stop looking for it there, and what it holds there is gone. */
export function TombstoneDialog({ topic, node, messages, onClose }: TombstoneDialogProps) {
  const { run, busy } = useAction()
  async function tombstone(topic: string, node: string): Promise<void> {
    const body: TombstoneBody = { topic }
    const done = `Tombstoned ${topic} on ${node}`
    if (await run({ method: 'DELETE', path: api.node(node), body, done })) onClose()
  }
  if (topic === undefined || node === undefined) return null
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Tombstone ${topic} on ${node}?`}
      consequence={
        <>
          nsqlookupd stops naming this node as a producer of the topic, and the topic is deleted there, its channels and{' '}
          <Gone messages={messages} /> with it. It comes back with the next message that is published there.
        </>
      }
      name={topic}
      verb="Tombstone"
      busy={busy}
      onConfirm={() => void tombstone(topic, node)}
    />
  )
}
