import { useMemo, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { ShownMessage } from '../../../../server/api-types.ts'
import { get } from '../../api/client.ts'
import { api } from '../../api/paths.ts'
import { bytes } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { Warning } from '../../ui/notices.tsx'
import { bytesOf, hexDump } from './hex-dump.ts'
import { JsonTree } from './json-tree.tsx'
import { parseExactly } from './parse-exactly.ts'
import type { FoundMessage } from './use-messages.ts'

type View = 'json' | 'text' | 'hex'

const NAMES: Readonly<Record<View, string>> = { json: 'JSON', text: 'Text', hex: 'Hex' }
/** Characters of text, and bytes in hex, that are drawn before somebody asks for all: a browser takes its time over a megabyte. */
const DRAWN_MAX = { text: 100_000, hex: 16_384 }

/** The body as it is best read, and in the other ways; what was cut off is fetched when it is asked for. */
export function MessageBody({ found }: { found: FoundMessage }) {
  const [wanted, setWanted] = useState(false)
  const whole = useWhole(found, wanted && found.message.truncated)
  const message = whole.data ?? found.message
  const json = useMemo(() => (message.truncated ? undefined : parseExactly(message)), [message])
  const [chosen, setChosen] = useState<View>()
  const views: View[] = [
    ...(json === undefined ? [] : ['json' as const]),
    ...(message.encoding === 'base64' ? [] : ['text' as const]),
    'hex',
  ]
  const view = chosen !== undefined && views.includes(chosen) ? chosen : views[0]!
  return (
    <div className="min-w-0">
      <div className="flex flex-wrap items-center gap-2 pb-1.5">
        <div role="group" aria-label="Show the body as" className="flex gap-1">
          {views.map((one) => (
            <Button
              key={one}
              aria-pressed={one === view}
              className="aria-pressed:border-ink aria-pressed:font-semibold"
              onClick={() => setChosen(one)}
            >
              {NAMES[one]}
            </Button>
          ))}
        </div>
        <span className="text-xs text-ink-3">{bytes(message.size)}</span>
        {message.truncated && (
          <>
            <span className="text-xs text-ink-3">of which the first {bytes(bytesOf(message).length)} are shown</span>
            <Button disabled={whole.isFetching} onClick={() => setWanted(true)}>
              Show all of it
            </Button>
          </>
        )}
      </div>
      {whole.error !== null && <Warning>{whole.error.message}</Warning>}
      {view === 'json' ? (
        <JsonTree value={json} />
      ) : (
        <Plain key={`${view} ${message.truncated}`} message={message} view={view} />
      )}
    </div>
  )
}

function useWhole({ node, place, message }: FoundMessage, wanted: boolean) {
  const path = api.oneMessage(place, node, message.id)
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => get<ShownMessage>(path, signal),
    enabled: wanted,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY, // a message never changes
    gcTime: 0, // and may be large
  })
}

/** Text, or bytes in hexadecimal: not all of it at once when it is long. */
function Plain({ message, view }: { message: ShownMessage; view: 'text' | 'hex' }) {
  const [all, setAll] = useState(false)
  const max = all ? Number.POSITIVE_INFINITY : DRAWN_MAX[view]
  const content = view === 'text' ? message.body : bytesOf(message)
  return (
    <>
      <pre
        tabIndex={0}
        aria-label={view === 'text' ? 'Body' : 'Body in hexadecimal'}
        className={classNames(
          'max-h-[32rem] overflow-auto rounded-md border border-line bg-surface px-3 py-2 font-mono text-xs',
          view === 'text' ? 'break-all whitespace-pre-wrap' : 'whitespace-pre',
        )}
      >
        {typeof content === 'string' ? content.slice(0, max) : hexDump(content.subarray(0, max))}
      </pre>
      {content.length > max && (
        <Button className="mt-1.5" onClick={() => setAll(true)}>
          Show the rest, {bytes(content.length - max)}
        </Button>
      )}
    </>
  )
}
