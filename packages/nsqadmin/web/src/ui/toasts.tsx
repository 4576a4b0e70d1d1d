// Short notices of what has been done, at the edge of the page; read out as they come.
import { CircleAlert, CircleCheck, TriangleAlert, X } from 'lucide-react'
import { Toast } from 'radix-ui'
import { useSyncExternalStore } from 'react'
import { IconButton } from './button.tsx'
import { classNames } from './class-names.ts'

export interface Notice {
  readonly tone: 'good' | 'warn' | 'bad'
  readonly title: string
  readonly detail?: string
}

interface Shown extends Notice {
  readonly id: number
}

const ICONS = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert } as const
const TEXT = { good: 'text-good', warn: 'text-warn', bad: 'text-bad' } as const
/** More would cover the page; the oldest go. */
const SHOWN_MAX = 4

let shown: readonly Shown[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Tells the reader. What went wrong stays until it is closed. */
export function notify(notice: Notice): void {
  lastId++
  change([...shown, { ...notice, id: lastId }].slice(-SHOWN_MAX))
}

export function Toasts() {
  const notices = useSyncExternalStore(subscribe, () => shown)
  return (
    <Toast.Provider swipeDirection="right" label="Notice">
      {notices.map(({ id, tone, title, detail }) => {
        const Icon = ICONS[tone]
        return (
          <Toast.Root
            key={id}
            duration={tone === 'good' ? 5_000 : Number.POSITIVE_INFINITY}
            onOpenChange={(open) => open || change(shown.filter((notice) => notice.id !== id))}
            className="flex animate-appear items-start gap-2.5 rounded-lg border border-line bg-surface py-2.5 pr-2 pl-3 shadow-panel"
          >
            <Icon aria-hidden className={classNames('mt-0.5 size-4 shrink-0', TEXT[tone])} />
            <div className="min-w-0 flex-1 text-sm">
              <Toast.Title className="font-medium break-words">{title}</Toast.Title>
              {detail !== undefined && (
                <Toast.Description className="break-words whitespace-pre-line text-ink-2">{detail}</Toast.Description>
              )}
            </div>
            <Toast.Close asChild>
              <IconButton label="Dismiss" className="-my-1">
                <X />
              </IconButton>
            </Toast.Close>
          </Toast.Root>
        )
      })}
      <Toast.Viewport className="fixed right-3 bottom-3 z-60 flex w-[min(24rem,calc(100vw-1.5rem))] flex-col gap-2" />
    </Toast.Provider>
  )
}

function change(notices: readonly Shown[]): void {
  shown = notices
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
