import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { CreateForm } from '../actions/create-dialog.tsx'
import { ConfirmDialog } from '../actions/confirm-dialog.tsx'
import { useAction } from '../actions/use-action.ts'
import { api } from '../api/paths.ts'
import { useInactiveTopics, useIsAdmin, useSettings } from '../api/queries.ts'
import { count } from '../format/numbers.ts'
import { IconButton } from '../ui/button.tsx'
import { QueryNotices } from '../ui/notices.tsx'
import { PageHead } from '../ui/page-head.tsx'
import { Empty, Panel } from '../ui/panel.tsx'

/** What nsqlookupd knows that no nsqd has, and what it should know. */
export function LookupPage() {
  const settings = useSettings()
  const admin = useIsAdmin()
  const query = useInactiveTopics()
  const topics = Object.entries(query.data?.topics ?? {})
  if (settings?.nsqlookupd.length === 0) {
    return (
      <>
        <PageHead title="Lookup" />
        <Empty>nsqadmin asks the nsqds directly: there is no nsqlookupd.</Empty>
      </>
    )
  }
  return (
    <>
      <PageHead title="Lookup" />
      <QueryNotices query={query} />
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Panel title="nsqlookupd" count={settings && count(settings.nsqlookupd.length)}>
          <ul className="rounded-lg border border-line bg-surface">
            {settings?.nsqlookupd.map((address) => (
              <li key={address} className="border-b border-line px-3 py-1.5 font-mono text-sm last:border-b-0">
                {address}
              </li>
            ))}
          </ul>
        </Panel>
        {admin && (
          <Panel title="New topic or channel">
            <div className="rounded-lg border border-line bg-surface px-4 pt-1 pb-4">
              <CreateForm onDone={() => {}} />
            </div>
          </Panel>
        )}
        <Panel title="Topics without a producer" count={query.data && count(topics.length)}>
          {query.data !== undefined && topics.length === 0 ? (
            <Empty>Every topic that nsqlookupd knows is on some nsqd.</Empty>
          ) : (
            <ul className="rounded-lg border border-line bg-surface text-sm">
              {topics.map(([topic, channels]) => (
                <InactiveTopic key={topic} topic={topic} channels={channels ?? []} canDelete={admin} />
              ))}
            </ul>
          )}
        </Panel>
      </div>
    </>
  )
}

interface InactiveTopicProps {
  readonly topic: string
  readonly channels: readonly string[]
  readonly canDelete: boolean
}

function InactiveTopic({ topic, channels, canDelete }: InactiveTopicProps) {
  return (
    <li className="border-b border-line px-3 py-1 last:border-b-0">
      <span className="flex min-h-7 items-center justify-between gap-2">
        <span className="min-w-0 font-medium break-all">{topic}</span>
        {canDelete && <Forget topic={topic} />}
      </span>
      {channels.length > 0 && (
        <ul aria-label={`Channels of ${topic}`} className="mb-1 ml-3 border-l border-line pl-3">
          {channels.map((channel) => (
            <li key={channel} className="flex min-h-7 items-center justify-between gap-2">
              <span className="min-w-0 break-all text-ink-2">{channel}</span>
              {canDelete && <Forget topic={topic} channel={channel} />}
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

/** Deletes a registration: no nsqd has the topic, so no message goes with it. */
function Forget({ topic, channel }: { topic: string; channel?: string }) {
  const [asked, setAsked] = useState(false)
  const { run, busy } = useAction()
  const kind = channel === undefined ? 'topic' : 'channel'
  const name = channel === undefined ? topic : `${topic}/${channel}`
  const path = channel === undefined ? api.topic(topic) : api.channel(topic, channel)
  return (
    <>
      <IconButton label={`Delete ${name}`} onClick={() => setAsked(true)}>
        <Trash2 />
      </IconButton>
      <ConfirmDialog
        open={asked}
        onOpenChange={setAsked}
        title={`Delete ${kind} ${name}?`}
        consequence={
          channel === undefined
            ? 'nsqlookupd forgets the topic and its channels. No nsqd has it, so no message is lost.'
            : 'nsqlookupd forgets the channel: an nsqd that gets the topic will not make it by itself. No message is lost.'
        }
        name={channel ?? topic}
        verb={`Delete ${kind}`}
        busy={busy}
        onConfirm={() => {
          void run({ method: 'DELETE', path, done: `Deleted ${kind} ${name}` }).then((done) => setAsked(!done))
        }}
      />
    </>
  )
}
