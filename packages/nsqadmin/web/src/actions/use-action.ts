import { useState } from 'react'
import type { WithMessage } from '../../../server/api-types.ts'
import { send } from '../api/client.ts'
import { queryClient } from '../api/queries.ts'
import { explainWarning } from '../api/sentences.ts'
import { notify } from '../ui/toasts.tsx'

export interface Action<Answer extends WithMessage = WithMessage> {
  readonly method: 'POST' | 'DELETE'
  /** One of `api`. */
  readonly path: string
  readonly body?: unknown
  /** `Emptied orders/billing`: what is told once it is done; or how that is made of the answer. */
  readonly done: string | ((answer: Answer) => string)
}

/** Carries out actions: tells what came of them, with every node that did not take part, and has the page look again. */
export function useAction() {
  const [busy, setBusy] = useState(false)
  /** @returns whether it was done, at least in part */
  async function run<Answer extends WithMessage>({ method, path, body, done }: Action<Answer>): Promise<boolean> {
    setBusy(true)
    try {
      const answer = await send<Answer>(method, path, body)
      const title = typeof done === 'string' ? done : done(answer)
      notify(answer.message === '' ? { tone: 'good', title } : partly(title, answer.message))
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
