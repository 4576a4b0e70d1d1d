import { useState } from 'react'
import type { WithMessage } from '../../../server/api-types.ts'
import { send } from '../api/client.ts'
import { queryClient } from '../api/queries.ts'
import { explainWarning } from '../api/sentences.ts'
import { notify } from '../ui/toasts.tsx'

export interface Action {
  readonly method: 'POST' | 'DELETE'
  /** One of `api`. */
  readonly path: string
  readonly body?: unknown
  /** `Emptied orders/billing`: what is told once it is done. */
  readonly done: string
}

/** Carries out actions: tells what came of them, with every node that did not take part, and has the page look again. */
export function useAction(): { run: (action: Action) => Promise<boolean>; busy: boolean } {
  const [busy, setBusy] = useState(false)
  async function run({ method, path, body, done }: Action): Promise<boolean> {
    setBusy(true)
    try {
      const { message } = await send<WithMessage>(method, path, body)
      notify(message === '' ? { tone: 'good', title: done } : partly(done, message))
      return true
    } catch (error) {
      notify({ tone: 'bad', title: 'That did not work', detail: (error as Error).message })
      return false
    } finally {
      setBusy(false)
      void queryClient.invalidateQueries()
    }
  }
  return { run, busy }
}

function partly(done: string, message: string) {
  return { tone: 'warn', title: `${done}, but not everywhere`, detail: explainWarning(message) } as const
}
