import { useLive } from '../api/live.ts'
import { ago, timeOfDay } from '../format/times.ts'
import { classNames } from '../ui/class-names.ts'
import { useNow } from '../ui/use-now.ts'

/** Whether the figures are of now, and if not, of when. */
export function LiveStatus() {
  const { contact, at } = useLive()
  return (
    <span
      className="flex items-center gap-1.5 px-1 text-xs text-ink-2"
      title={at === 0 ? undefined : `Figures of ${timeOfDay(at)}`}
    >
      <span aria-hidden className={classNames('size-2 rounded-full', DOTS[contact])} />
      <span className="max-sm:sr-only">{WORDS[contact]}</span>
    </span>
  )
}

const WORDS = { connecting: 'Connecting', live: 'Live', lost: 'Lost' } as const
const DOTS = { connecting: 'bg-line-strong', live: 'bg-good', lost: 'bg-bad' } as const

/** Across the page while nsqadmin itself does not answer: what is shown is old, and how old. */
export function LostContact() {
  const { contact, at, receivedAt } = useLive()
  return <div role="status">{contact === 'lost' && <Lost at={at} receivedAt={receivedAt} />}</div>
}

function Lost({ at, receivedAt }: { at: number; receivedAt: number }) {
  const now = useNow()
  return (
    <p className="bg-bad-ground px-5 py-2 text-sm text-bad">
      <strong className="font-semibold">Lost contact with nsqadmin.</strong>{' '}
      {at === 0 ? 'Nothing is known yet.' : `What you see is from ${timeOfDay(at)}, ${ago(now - receivedAt)}.`} Trying
      again.
    </p>
  )
}
