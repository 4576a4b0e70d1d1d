import { CircleAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { explainWarning } from '../api/sentences.ts'
import { ago } from '../format/times.ts'
import { useNow } from './use-now.ts'

/** What is known is not all there is: which nodes are missing, and why. */
export function Warning({ children }: { children: ReactNode }) {
  return (
    <div className="mb-3 flex gap-2 rounded-md bg-warn-ground px-3 py-2 text-sm whitespace-pre-line text-warn">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 break-words">{children}</div>
    </div>
  )
}

interface QueryNoticesProps {
  readonly query: {
    readonly data: { readonly message: string } | undefined
    readonly error: Error | null
    /** `Date.now()` of the last answer; 0: there was none. */
    readonly dataUpdatedAt: number
  }
}

/** What an answer warns of, or why there is none, and how old the one is that is shown instead. */
export function QueryNotices({ query: { data, error, dataUpdatedAt } }: QueryNoticesProps) {
  if (error !== null) return <Failure message={error.message} since={dataUpdatedAt} />
  if (data === undefined || data.message === '') return null
  return <Warning>{explainWarning(data.message)}</Warning>
}

function Failure({ message, since }: { message: string; since: number }) {
  const ageMs = performance.timeOrigin + useNow() - since
  return (
    <div role="alert" className="mb-3 flex gap-2 rounded-md bg-bad-ground px-3 py-2 text-sm text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 break-words whitespace-pre-line">
        {message}
        {since > 0 && ` What you see is from ${ago(ageMs)}.`}
      </div>
    </div>
  )
}
