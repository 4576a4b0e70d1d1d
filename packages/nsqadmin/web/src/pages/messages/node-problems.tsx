import { useEffect, useState } from 'react'
import { Warning } from '../../ui/notices.tsx'
import type { MessagesFound } from './use-messages.ts'

/** What cannot be shown, node by node: the others are. */
export function NodeProblems({ found: { problems, waiting } }: { found: MessagesFound }) {
  const lines = [
    ...problems.map(({ node, reason }) => `${node}: ${reason}`),
    ...waiting.map((node) => `${node} has not answered yet.`),
  ]
  const late = useLate(waiting.length > 0)
  const shown = late ? lines : lines.slice(0, problems.length)
  return <div role="status">{shown.length > 0 && <Warning>{shown.join('\n')}</Warning>}</div>
}

const PATIENCE_MS = 800

/** True once it has lasted: an answer that comes at once is not worth a word. */
function useLate(waiting: boolean): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!waiting) {
      setLate(false)
      return
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [waiting])
  return late
}
