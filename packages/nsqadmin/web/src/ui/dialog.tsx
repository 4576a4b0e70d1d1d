import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { IconButton } from './button.tsx'

interface DialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly title: string
  /** What it is about, in a sentence; read out when the dialog opens. */
  readonly description: ReactNode
  readonly children: ReactNode
}

/** A window over the page: holds the focus, closes at Esc, and gives the focus back to where it came from. */
export function Dialog({ open, onOpenChange, title, description, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Radix.Content className="fixed top-[min(14dvh,8rem)] left-1/2 z-50 flex max-h-[82dvh] w-[min(30rem,calc(100vw-1.5rem))] -translate-x-1/2 animate-appear flex-col rounded-lg border border-line bg-surface shadow-panel">
          <header className="flex items-start justify-between gap-4 px-4 pt-3.5">
            <Radix.Title className="text-lg font-semibold break-words min-w-0">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" className="-mr-1.5">
                <X />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="overflow-y-auto px-4 pt-1 pb-4">
            <Radix.Description asChild>
              <div className="text-sm text-ink-2">{description}</div>
            </Radix.Description>
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The row of buttons that ends a dialog. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-4 flex flex-wrap justify-end gap-2">{children}</div>
}
