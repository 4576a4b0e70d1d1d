import { Link } from 'wouter'
import { pages } from '../api/paths.ts'
import { PageHead } from '../ui/page-head.tsx'
import { Empty } from '../ui/panel.tsx'

export function NotFoundPage() {
  return (
    <>
      <PageHead title="Nothing here" />
      <Empty>
        There is no page at this address.{' '}
        <Link href={pages.overview} className="text-accent underline">
          All topics
        </Link>
      </Empty>
    </>
  )
}
