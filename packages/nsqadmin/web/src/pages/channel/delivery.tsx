import type { Channel } from '../../../../server/api-types.ts'
import { count, percentage } from '../../format/numbers.ts'
import { Panel } from '../../ui/panel.tsx'

/** How near to their nodes messages were delivered; nothing where no topology is given. */
export function Delivery({ channel }: { channel: Channel }) {
  const { delivery_msg_count: all = 0, zone_local_msg_count, region_local_msg_count, global_msg_count } = channel
  if (all === 0) return null
  const shares = [
    { name: 'in the zone', messages: zone_local_msg_count ?? 0, ground: 'bg-good' },
    { name: 'in the region', messages: region_local_msg_count ?? 0, ground: 'bg-warn' },
    { name: 'elsewhere', messages: global_msg_count ?? 0, ground: 'bg-line-strong' },
  ]
  return (
    <Panel title="Delivered">
      <div aria-hidden className="flex h-2 overflow-hidden rounded-full bg-sunken">
        {shares.map(({ name, messages, ground }) => (
          <span key={name} className={ground} style={{ width: `${(messages / all) * 100}%` }} />
        ))}
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-sm text-ink-2">
        {shares.map(({ name, messages, ground }) => (
          <li key={name} className="flex items-center gap-1.5">
            <span aria-hidden className={`size-2 rounded-full ${ground}`} />
            {name} <span className="text-ink">{percentage(messages / all)}</span> ({count(messages)})
          </li>
        ))}
      </ul>
    </Panel>
  )
}
