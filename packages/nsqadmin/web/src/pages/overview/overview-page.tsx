import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import type { SortingState } from '@tanstack/react-table'
import type { LiveTopic } from '../../../../server/api-types.ts'
import { CreateButton } from '../../actions/create-dialog.tsx'
import { useLive } from '../../api/live.ts'
import { pages } from '../../api/paths.ts'
import { useIsAdmin, useSettings } from '../../api/queries.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable, focusRow } from '../../ui/data-table.tsx'
import { Warning } from '../../ui/notices.tsx'
import { Empty } from '../../ui/panel.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { Attention } from './attention.tsx'
import { topicColumns } from './topic-columns.tsx'
import { Totals } from './totals.tsx'

/** All topics, live. What is searched and how it is sorted is in the address: `?q=orders&sort=-depth&trouble`. */
export function OverviewPage() {
  const live = useLive()
  const admin = useIsAdmin()
  const settings = useSettings()
  const { query, setQuery, sorting, setSorting, onlyTrouble, setOnlyTrouble } = useTableState()
  const search = useRef<HTMLInputElement>(null)
  const region = useRef<HTMLDivElement>(null)
  const [, navigate] = useLocation()
  useEffect(() => {
    document.title = 'nsqadmin'
    if (new URLSearchParams(location.search).has('focus')) search.current?.focus()
  }, [])

  const wanted = useDeferredValue(query)
  const rows = useMemo(() => found(live.topics, wanted, onlyTrouble), [live.topics, wanted, onlyTrouble])
  const troubled = useMemo(() => live.topics.filter(({ trouble }) => trouble.length > 0).length, [live.topics])
  return (
    <>
      <h1 className="sr-only">Topics</h1>
      <Totals totals={live.totals} />
      <Attention live={live} />
      {live.warnings.length > 0 && <Warning>{live.warnings.join('\n')}</Warning>}
      <div className="flex flex-wrap items-center gap-2 pb-2">
        <SearchField
          ref={search}
          label="Search topics"
          value={query}
          onChange={setQuery}
          onDown={() => focusRow(region.current, 0)}
          onEnter={() => {
            const only = rows[0]
            if (only !== undefined && query !== '') navigate(pages.topic(only.topic))
          }}
        />
        <Button
          aria-pressed={onlyTrouble}
          className="aria-pressed:border-ink aria-pressed:font-semibold"
          onClick={() => setOnlyTrouble(!onlyTrouble)}
        >
          Only trouble <span className="text-ink-3">{count(live.totals === null ? null : troubled)}</span>
        </Button>
        <span role="status" className="text-sm text-ink-2">
          {live.totals === null ? '' : shownCount(rows.length, live.topics.length)}
        </span>
        {admin && settings !== undefined && settings.nsqlookupd.length > 0 && (
          <span className="ml-auto">
            <CreateButton />
          </span>
        )}
      </div>
      <div ref={region} className="min-h-[60vh]">
        <DataTable
          caption="Topics"
          columns={topicColumns}
          rows={rows}
          rowId={topicName}
          sorting={sorting}
          onSortingChange={setSorting}
          question={`${wanted} ${onlyTrouble}`}
          onLeaveTop={() => search.current?.focus()}
          sticky
        />
        {live.totals !== null && rows.length === 0 && (
          <div className="pt-3">
            <Empty>
              {live.topics.length === 0 ? <NoTopics node={live.nodes[0]?.node} /> : 'No topic is like that.'}
            </Empty>
          </div>
        )}
      </div>
    </>
  )
}

/** @param node one that could take the first message */
function NoTopics({ node = '127.0.0.1:4151' }: { node: string | undefined }) {
  return (
    <>
      There are no topics yet. The first message makes one:{' '}
      <code className="font-mono text-xs break-all">curl -d 'hello' 'http://{node}/pub?topic=greetings'</code>
    </>
  )
}

const topicName = (row: LiveTopic): string => row.topic

function shownCount(shown: number, all: number): string {
  if (shown === all) return all === 1 ? '1 topic' : `${count(all)} topics`
  return `${count(shown)} of ${count(all)} topics`
}

/** Topics with every word of the query in their names. */
function found(topics: readonly LiveTopic[], query: string, onlyTrouble: boolean): readonly LiveTopic[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !onlyTrouble) return topics
  return topics.filter(({ topic, trouble }) => {
    if (onlyTrouble && trouble.length === 0) return false
    const name = topic.toLowerCase()
    return words.every((word) => name.includes(word))
  })
}

/** What an address asks for may be a column that there is not, or not any more. */
function sortable(sort: string | null): string {
  const id = sort?.replace(/^-/, '')
  return sort !== null && topicColumns.some((column) => column.id === id && column.value !== undefined) ? sort : 'topic'
}

/** Typed text is in the state first, since the address follows with a delay that a keystroke should not have. */
function useTableState() {
  const [params, setParams] = useSearchParams()
  const [query, setQueryState] = useState(params.get('q') ?? '')
  const sort = sortable(params.get('sort'))
  const sorting = useMemo<SortingState>(() => [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }], [sort])
  const onlyTrouble = params.has('trouble')

  function change(name: string, value: string | null): void {
    setParams(
      (old) => {
        const params = new URLSearchParams(old)
        params.delete('focus')
        if (value === null) params.delete(name)
        else params.set(name, value)
        return params
      },
      { replace: true },
    )
  }
  return {
    query,
    setQuery: (query: string) => {
      setQueryState(query)
      change('q', query === '' ? null : query)
    },
    sorting,
    setSorting: (sorting: SortingState) => {
      const first = sorting[0]
      change('sort', first === undefined ? null : `${first.desc ? '-' : ''}${first.id}`)
    },
    onlyTrouble,
    setOnlyTrouble: (only: boolean) => change('trouble', only ? '' : null),
  }
}
