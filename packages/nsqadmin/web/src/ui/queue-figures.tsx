import type { ReactNode } from 'react'
import type { LiveChannel, LiveTopic } from '../../../server/api-types.ts'
import { count, rate } from '../format/numbers.ts'
import { Figures } from './figures.tsx'

interface QueueFiguresProps {
  /** What it is: read out, not shown. */
  readonly label: string
  readonly row: LiveChannel | LiveTopic | undefined
  /** Where the depth is. */
  readonly depthDetail: ReactNode
  readonly outDetail?: ReactNode
}

/** The large figures of a topic or a channel. */
export function QueueFigures({ label, row, depthDetail, outDetail }: QueueFiguresProps) {
  const whole = (value: number | undefined): string | undefined => (value === undefined ? undefined : count(value))
  return (
    <Figures
      label={label}
      figures={[
        {
          label: 'Depth',
          value: whole(row?.depth),
          tone: row?.trouble.includes('no-consumer') === true ? 'bad' : undefined,
          detail: depthDetail,
        },
        { label: 'In', value: row && rate(row.rate_in), unit: '/s', detail: row && `${count(row.messages)} in all` },
        { label: 'Out', value: row && rate(row.rate_out), unit: '/s', detail: outDetail },
        { label: 'In flight', value: whole(row?.in_flight), detail: row && `${count(row.deferred)} deferred` },
        {
          label: 'Timed out',
          value: whole(row?.timed_out),
          tone: row !== undefined && row.rate_timed_out > 0 ? 'warn' : undefined,
          detail: row && `${count(row.requeued)} requeued`,
        },
        { label: 'Consumers', value: whole(row?.clients), detail: row && `on ${count(row.nodes.length)} nodes` },
      ]}
    />
  )
}
