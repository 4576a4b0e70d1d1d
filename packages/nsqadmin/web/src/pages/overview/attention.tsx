import { CircleCheck } from 'lucide-react'
import { Link } from 'wouter'
import type { LiveNode, LiveTopic } from '../../../../server/api-types.ts'
import type { LiveState } from '../../api/live.ts'
import { pages } from '../../api/paths.ts'
import { count } from '../../format/numbers.ts'
import { classNames } from '../../ui/class-names.ts'
import { gravity, NODE_TROUBLE, TROUBLE } from '../../ui/trouble.tsx'

/** More are counted, not named: the table can show them all. */
const NAMED_MAX = 6

interface AttentionProps {
  readonly live: LiveState
}

interface Problem {
  readonly key: string
  readonly href: string
  readonly name: string
  readonly what: string
  readonly gravity: number
}

/** One line, always there and always as high: nothing wrong, or what is, the worst first. */
export function Attention({ live: { topics, nodes, totals } }: AttentionProps) {
  if (totals === null) return <div className="my-3 h-9 rounded-md bg-sunken" />
  const problems = [...nodes.flatMap(nodeProblem), ...topics.flatMap(topicProblem)].toSorted(
    (a, b) => b.gravity - a.gravity,
  )
  const worst = problems[0]?.gravity ?? 0
  const rest = problems.length - NAMED_MAX
  return (
    <section
      aria-label="Needs attention"
      className={classNames(
        'my-3 flex h-9 items-center gap-x-3 rounded-md px-3 text-sm',
        worst === 0 && 'bg-good-ground text-good',
        worst === 2 && 'bg-warn-ground text-warn',
        worst === 3 && 'bg-bad-ground text-bad',
      )}
    >
      {worst === 0 ? (
        <>
          <CircleCheck aria-hidden className="size-4 shrink-0" />
          <span className="truncate">Nothing is wrong: every node answers, and nothing piles up.</span>
        </>
      ) : (
        <>
          <strong className="font-semibold whitespace-nowrap">
            {problems.length === 1 ? '1 problem' : `${count(problems.length)} problems`}
          </strong>
          <ul
            tabIndex={0}
            aria-label="Problems"
            className="flex min-w-0 flex-1 gap-x-4 overflow-x-auto whitespace-nowrap [scrollbar-width:none]"
          >
            {problems.slice(0, NAMED_MAX).map(({ key, href, name, what }) => (
              <li key={key}>
                <Link href={href} className="font-medium underline decoration-from-font underline-offset-2">
                  {name}
                </Link>{' '}
                {what}
              </li>
            ))}
            {rest > 0 && <li>and {count(rest)} more</li>}
          </ul>
        </>
      )}
    </section>
  )
}

function nodeProblem({ node, hostname, trouble }: LiveNode): Problem[] {
  const grave = trouble.filter((one) => one !== 'out-of-date')
  if (grave.length === 0) return []
  return [
    {
      key: `node ${node}`,
      href: pages.node(node),
      name: node.startsWith(hostname) ? node : `${hostname} (${node})`,
      what: grave.map((one) => NODE_TROUBLE[one].word).join(', '),
      gravity: grave.some((one) => NODE_TROUBLE[one].tone === 'bad') ? 3 : 2,
    },
  ]
}

/** What is paused was paused by somebody, and what is stale has a node that is named: both show in the table, not here. */
function topicProblem({ topic, trouble }: LiveTopic): Problem[] {
  const grave = trouble.filter((one) => one !== 'stale' && TROUBLE[one].gravity > 1)
  if (grave.length === 0) return []
  const what = grave.map((one) => TROUBLE[one].word).join(', ')
  return [{ key: `topic ${topic}`, href: pages.topic(topic), name: topic, what, gravity: gravity(grave) }]
}
