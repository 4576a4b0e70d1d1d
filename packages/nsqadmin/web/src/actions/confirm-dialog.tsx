import { useState } from 'react'
import type { FormEvent, ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'

interface ConfirmDialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly title: string
  /** What will be gone, in figures where there are any. */
  readonly consequence: ReactNode
  /** The name to type; absent: nothing will be gone, a click is enough. */
  readonly name?: string
  /** Something will be gone that has no name to type: a message. */
  readonly destroys?: boolean
  /** What else there is to say, between the text and the buttons. */
  readonly children?: ReactNode
  /** `Delete topic`: what the button says. */
  readonly verb: string
  readonly busy: boolean
  readonly onConfirm: () => void
}

/** Asks before something is done; where something will be gone, says what, and has its name typed. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { open, onOpenChange, title, consequence, name, destroys = name !== undefined, verb, busy, onConfirm } = props
  const [typed, setTyped] = useState('')
  const ready = name === undefined || typed.trim() === name

  function change(open: boolean): void {
    setTyped('')
    onOpenChange(open)
  }
  function submit(event: FormEvent): void {
    event.preventDefault()
    if (!ready || busy) return
    setTyped('')
    onConfirm()
  }
  return (
    <Dialog open={open} onOpenChange={change} title={title} description={consequence}>
      <form onSubmit={submit} className="mt-3">
        {name !== undefined && (
          <TextField
            label={`Type ${name} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoFocus
          />
        )}
        {props.children}
        <DialogActions>
          <Button onClick={() => change(false)}>Cancel</Button>
          <Button type="submit" kind={destroys ? 'destroy' : 'primary'} disabled={!ready || busy}>
            {verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
