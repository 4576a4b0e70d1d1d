import { useEffect, useRef, useState } from 'react'
import { api } from '../api/paths.ts'
import { useCounter, useHistory } from '../api/queries.ts'
import { GraphitePanel } from '../graphite/graphite-panel.tsx'
import { count, rate } from '../format/numbers.ts'
import { Chart } from '../ui/chart.tsx'
import { QueryNotices } from '../ui/notices.tsx'
import { PageHead } from '../ui/page-head.tsx'

/** One number for a screen on the wall: messages that all channels of the cluster have been given. */
export function CounterPage() {
  const query = useCounter()
  const history = useHistory(api.history.cluster).data
  const sum =
    query.data && Object.values(query.data.stats).reduce((sum, { message_count: messages }) => sum + messages, 0)
  const shown = useClimbing(sum)
  return (
    <>
      <PageHead title="Counter" />
      <QueryNotices query={query} />
      <div className="flex min-h-[40vh] flex-col items-center justify-center gap-2 py-10">
        <p className="text-[clamp(2.5rem,11vw,10rem)] leading-none font-semibold tracking-tight" aria-hidden>
          {count(shown)}
        </p>
        <p className="text-lg text-ink-2">Messages processed</p>
        <p className="sr-only">{count(sum)} messages processed</p>
      </div>
      <Chart
        title="Messages a second"
        times={history?.times ?? []}
        lines={[
          { label: 'in', values: history?.series.rate_in ?? [], colour: 'in' },
          { label: 'out', values: history?.series.rate_out ?? [], colour: 'out' },
        ]}
        format={rate}
        absent={history === undefined || history.times.length < 2 ? 'Nothing is known yet.' : undefined}
      />
      <div className="mt-5">
        <GraphitePanel subject={{ kind: 'counter' }} />
      </div>
    </>
  )
}

/** How long the number takes to get where it should be: until the next answer, about. */
const CLIMB_MS = 2_000

/** Climbs smoothly to the newest sum, and never beyond it. A smaller one (a node went away) is ignored. */
function useClimbing(sum: number | undefined): number | undefined {
  const [shown, setShown] = useState(sum)
  const from = useRef(sum)
  useEffect(() => {
    if (sum === undefined) return
    const start = from.current ?? sum
    if (sum <= start) {
      from.current = start
      setShown(start)
      return
    }
    const begun = performance.now()
    let frame = requestAnimationFrame(function step(now) {
      const part = Math.min(1, Math.max(0, now - begun) / CLIMB_MS)
      from.current = Math.floor(start + (sum - start) * part)
      setShown(from.current)
      if (part < 1) frame = requestAnimationFrame(step)
    })
    return () => cancelAnimationFrame(frame)
  }, [sum])
  return shown
}
