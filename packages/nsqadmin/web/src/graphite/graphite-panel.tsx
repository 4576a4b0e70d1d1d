import { useState } from 'react'
import { useSearchParams } from 'wouter'
import type { GraphiteSettings } from '../../../server/api-types.ts'
import { useSettings } from '../api/queries.ts'
import { Panel } from '../ui/panel.tsx'
import { SmallSelect } from '../ui/small-select.tsx'
import { useThemeName } from '../ui/theme.ts'
import { PICTURES, pictureUrl } from './targets.ts'
import type { GraphiteSubject, Picture } from './targets.ts'

const SPANS = ['1h', '2h', '12h', '24h', '48h', '168h', 'off'] as const
type Span = (typeof SPANS)[number]

const KEY = 'nsqadmin.graphite'
const INK = { light: '57534d', dark: 'b3b1ac' } as const
const SMALL = { width: 480, height: 160 }
const LARGE = { width: 1200, height: 600 }

/** Pictures of Graphite's, which go back as far as it does; nothing where there is no --graphite-url. */
export function GraphitePanel({ subject }: { subject: GraphiteSubject }) {
  const graphite = useSettings()?.graphite ?? null
  return graphite === null ? null : <Pictures settings={graphite} subject={subject} />
}

function Pictures({ settings, subject }: { settings: GraphiteSettings; subject: GraphiteSubject }) {
  const [span, setSpan] = useSpan()
  return (
    <Panel
      title="Graphite"
      actions={
        <label className="flex items-center gap-1.5 text-sm text-ink-2">
          The last
          <SmallSelect value={span} onChange={(event) => setSpan(event.target.value as Span)}>
            {SPANS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </SmallSelect>
        </label>
      }
    >
      {span !== 'off' && (
        <div className="grid gap-3 md:grid-cols-2 2xl:grid-cols-4">
          {PICTURES[subject.kind].map((picture) => (
            <PictureOf key={picture.key} settings={settings} subject={subject} picture={picture} span={span} />
          ))}
        </div>
      )}
    </Panel>
  )
}

interface PictureOfProps {
  readonly settings: GraphiteSettings
  readonly subject: GraphiteSubject
  readonly picture: Picture
  readonly span: Span
}

/** A small one, that leads to a large one. */
function PictureOf({ settings, subject, picture, span }: PictureOfProps) {
  const ink = INK[useThemeName()]
  const [lost, setLost] = useState<string>()
  const wanted = { settings, subject, picture, since: span }
  const small = pictureUrl({ ...wanted, ...SMALL, ink })
  return (
    <figure className="min-w-0 rounded-lg border border-line bg-surface px-3 pt-2 pb-2">
      <figcaption className="pb-1 text-xs font-medium text-ink-2">{picture.title}</figcaption>
      <a href={pictureUrl({ ...wanted, ...LARGE, ink: '57534d' })} target="_blank" rel="noreferrer" className="block">
        {lost === small ? (
          <span className="grid aspect-3/1 place-items-center text-xs text-ink-3">Graphite has no such picture.</span>
        ) : (
          <img
            src={small}
            alt={`${picture.title}, the last ${span}`}
            {...SMALL}
            loading="lazy"
            onError={() => setLost(small)}
            className="aspect-3/1 h-auto w-full"
          />
        )}
      </a>
    </figure>
  )
}

/** As the address says (`?t=12h`, as in the original), or as it was chosen last. */
function useSpan(): [Span, (span: Span) => void] {
  const [search] = useSearchParams()
  const [chosen, setChosen] = useState<Span | undefined>()
  const given = SPANS.find((span) => span === (search.get('t') ?? stored()))
  return [
    chosen ?? given ?? '2h',
    (span) => {
      setChosen(span)
      try {
        localStorage.setItem(KEY, span)
      } catch {
        // A browser that keeps nothing for this page: the choice then holds as long as the page.
      }
    },
  ]
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
