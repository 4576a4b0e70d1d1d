import { ChevronRight } from 'lucide-react'
import { Fragment, useEffect } from 'react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

interface PageHeadProps {
  /** The way here, without the page itself. */
  readonly path?: readonly { readonly name: string; readonly href: string }[]
  readonly title: string
  readonly tags?: ReactNode
  readonly actions?: ReactNode
}

/** What the page is about, and what can be done about it. Names the window as well. */
export function PageHead({ path = [], title, tags, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · nsqadmin`
  }, [title])
  return (
    <div className="mb-3 flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
      <div className="flex min-h-8 min-w-0 flex-wrap items-center gap-x-2.5 gap-y-1">
        {path.length > 0 && (
          <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-ink-2">
            {path.map(({ name, href }) => (
              <Fragment key={href}>
                <Link href={href} className="rounded-sm break-all hover:text-ink hover:underline">
                  {name}
                </Link>
                <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />
              </Fragment>
            ))}
          </nav>
        )}
        <h1 className="text-lg font-semibold tracking-tight break-all">{title}</h1>
        {tags}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-1.5">{actions}</div>}
    </div>
  )
}
