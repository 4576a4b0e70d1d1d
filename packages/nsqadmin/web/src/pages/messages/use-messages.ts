// A page of messages from several nodes. Each is asked by itself: one that is slow, down, or cannot say, holds up none of the others.
import { keepPreviousData, useQueries } from '@tanstack/react-query'
import type { MessagesAnswer, MessageState, ShownMessage } from '../../../../server/api-types.ts'
import { get } from '../../api/client.ts'
import type { ApiError } from '../../api/client.ts'
import { api } from '../../api/paths.ts'
import type { Place } from '../../api/paths.ts'
import { explainNode } from '../../api/sentences.ts'

export interface MessagesWanted {
  readonly place: Place
  readonly state: MessageState
  /** Empty: all. */
  readonly contains: string
  /** Of dead letters: the channel of their topic; empty: the usual one. */
  readonly from: string
  /** Which nodes are asked, each from which of its messages on. */
  readonly offsets: ReadonlyMap<string, number>
}

/** A message, and where it is: dead letters are not in the channel that one looks at. */
export interface FoundMessage {
  readonly node: string
  readonly place: Place
  readonly message: ShownMessage
}

export interface MessagesFound {
  /** Those of each node in its order, and in the order of time between them. */
  readonly messages: readonly FoundMessage[]
  /** How many there are on the nodes that have answered; undefined: none has. */
  readonly count: number | undefined
  /** The nodes that have more, and where to go on there; empty: this is the end. */
  readonly next: ReadonlyMap<string, number>
  /** Channels of the dead-letter topic. */
  readonly channels: readonly string[]
  readonly problems: readonly { readonly node: string; readonly reason: string }[]
  /** Nodes that have not answered yet. */
  readonly waiting: readonly string[]
  /** Unix milliseconds of the oldest answer; undefined: there is none. */
  readonly at: number | undefined
  readonly refresh: () => void
}

/** Of all nodes together, about. */
const PAGE = 50
const PAGE_OF_NODE_MIN = 10

export function useMessages({ place, state, contains, from, offsets }: MessagesWanted): MessagesFound {
  const nodes = [...offsets.keys()]
  const limit = Math.max(PAGE_OF_NODE_MIN, Math.ceil(PAGE / Math.max(1, nodes.length)))
  const answers = useQueries({
    queries: nodes.map((node) => {
      const wanted = { node, state, limit: String(limit), offset: String(offsets.get(node) ?? 0), contains, from }
      const path = api.messages(place, Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== '')))
      return {
        queryKey: [path],
        queryFn: ({ signal }: { signal: AbortSignal }) => get<MessagesAnswer>(path, signal),
        placeholderData: keepPreviousData<MessagesAnswer>,
        // The line moves all the time: it is looked at when somebody wants to, and does not run away from under his eyes.
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnMount: 'always' as const,
        refetchOnWindowFocus: false,
      }
    }),
  })
  const known = answers.flatMap(({ data, isError }, index) => {
    // What is kept from before may be of another state, or of another node at this place of the list.
    return data === undefined || isError || data.state !== state || data.node !== nodes[index] ? [] : [data]
  })
  const [first] = known
  const next = new Map(known.flatMap(({ node, next }) => (next === null ? [] : [[node, next] as const])))
  // Who does not answer now may on the next page, and has shown nothing of this one.
  if (next.size > 0)
    answers.forEach(({ isError }, index) => isError && next.set(nodes[index]!, offsets.get(nodes[index]!) ?? 0))
  return {
    messages: merged(known),
    count: first === undefined ? undefined : known.reduce((sum, { count }) => sum + count, 0),
    next,
    channels: [...new Set(known.flatMap(({ channels }) => channels))].toSorted(),
    problems: answers.flatMap(({ error }, index) =>
      error === null ? [] : [{ node: nodes[index]!, reason: reasonOf(error) }],
    ),
    waiting: nodes.filter((node, index) => !answers[index]!.isError && !known.some((answer) => answer.node === node)),
    at: oldest(answers.map(({ dataUpdatedAt }) => dataUpdatedAt)),
    refresh: () => answers.forEach(({ refetch }) => void refetch()),
  }
}

/** @param times Unix milliseconds; 0 of those that have not answered */
function oldest(times: readonly number[]): number | undefined {
  const known = times.filter((time) => time > 0)
  return known.length === 0 ? undefined : Math.min(...known)
}

function reasonOf(error: Error): string {
  const { code } = error as ApiError
  return code === undefined ? error.message : explainNode(code)
}

/** The heads of all lists are compared, and the earliest is taken: what a node has said is never turned around. */
function merged(answers: readonly MessagesAnswer[]): FoundMessage[] {
  const lists = answers.map(({ node, topic, channel, messages }) => {
    const place = { topic, channel }
    return messages.map((message): FoundMessage => ({ node, place, message }))
  })
  const places = lists.map(() => 0)
  const all: FoundMessage[] = []
  for (;;) {
    let earliest = -1
    for (const [index, list] of lists.entries()) {
      const head = list[places[index]!]
      if (head === undefined) continue
      const best = earliest === -1 ? undefined : lists[earliest]![places[earliest]!]
      if (best === undefined || timeOf(head.message) < timeOf(best.message)) earliest = index
    }
    if (earliest === -1) return all
    all.push(lists[earliest]![places[earliest]!]!)
    places[earliest]!++
  }
}

function timeOf({ state, timestamp, due, consumer }: ShownMessage): number {
  if (state === 'deferred') return due ?? Number.POSITIVE_INFINITY
  return consumer?.times_out_at ?? timestamp
}
