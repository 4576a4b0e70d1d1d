import { useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import type { MessageState } from '../../../../server/api-types.ts'
import type { Place } from '../../api/paths.ts'
import { rowAfterKey } from '../../ui/row-after-key.ts'
import { MessageRow } from './message-row.tsx'
import type { FoundMessage } from './use-messages.ts'

interface MessageListProps {
  readonly messages: readonly FoundMessage[]
  readonly state: MessageState
  /** The channel that is looked at; dead letters are elsewhere. */
  readonly origin: Place
  readonly canAct: boolean
  readonly onLeaveTop: () => void
}

/** One line for each, that opens to show all of it. Walked with the arrow keys. */
export function MessageList({ messages, state, origin, canAct, onLeaveTop }: MessageListProps) {
  const list = useRef<HTMLUListElement>(null)
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())

  function toggle(key: string): void {
    const now = new Set(opened)
    if (!now.delete(key)) now.add(key)
    setOpened(now)
  }
  function onKeyDown(event: KeyboardEvent): void {
    const { target, key } = event
    if (!(target instanceof HTMLElement) || !target.matches('[data-message-head]')) return
    if (event.metaKey || event.ctrlKey || event.altKey) return
    const heads = [...(list.current?.querySelectorAll<HTMLElement>('[data-message-head]') ?? [])]
    const wanted = rowAfterKey(key, heads.indexOf(target), heads.length)
    if (wanted === undefined) return
    event.preventDefault()
    if (wanted < 0) onLeaveTop()
    else heads[wanted]?.focus()
  }
  return (
    <ul
      ref={list}
      aria-label="Messages"
      onKeyDown={onKeyDown}
      className="overflow-hidden rounded-lg border border-line bg-surface"
    >
      {messages.map((found) => {
        const key = `${found.node} ${found.message.id}`
        return (
          <MessageRow
            key={key}
            found={found}
            state={state}
            origin={origin}
            canAct={canAct}
            open={opened.has(key)}
            onToggle={() => toggle(key)}
          />
        )
      })}
    </ul>
  )
}
