// The figures of one channel: as one nsqd tells them, and what has happened between two looks at the same nsqds.

export interface ChannelFigures {
  readonly depth: number
  readonly backendDepth: number
  readonly inFlight: number
  readonly deferred: number
  readonly requeued: number
  readonly timedOut: number
  readonly messages: number
  readonly clients: number
}

/** Figures by the address of the nsqd. */
export type FiguresByNode = ReadonlyMap<string, ChannelFigures>

/** What happened between two looks. */
export interface Change {
  /** Messages that came. */
  readonly messages: number
  readonly depth: number
}

const NOTHING: ChannelFigures = {
  depth: 0,
  backendDepth: 0,
  inFlight: 0,
  deferred: 0,
  requeued: 0,
  timedOut: 0,
  messages: 0,
  clients: 0,
}

/** Whether the answer of `/stats` has a topic. */
export function hasTopic(stats: unknown, topic: string): boolean {
  const { topics } = stats as { topics?: { topic_name: string }[] }
  return topics?.some(({ topic_name: name }) => name === topic) === true
}

/** @returns undefined when the nsqd's `/stats` (of one topic) has no such channel */
export function channelFigures(stats: unknown, topic: string, channel: string): ChannelFigures | undefined {
  const { topics } = stats as { topics?: { topic_name: string; channels: Record<string, unknown>[] }[] }
  const found = topics
    ?.find(({ topic_name: name }) => name === topic)
    ?.channels?.find(({ channel_name: name }) => name === channel)
  if (found === undefined) return undefined
  const number = (key: string): number => Number(found[key] ?? 0)
  return {
    depth: number('depth'),
    backendDepth: number('backend_depth'),
    inFlight: number('in_flight_count'),
    deferred: number('deferred_count'),
    requeued: number('requeue_count'),
    timedOut: number('timeout_count'),
    messages: number('message_count'),
    clients:
      Array.isArray(found['clients']) && found['client_count'] === undefined
        ? found['clients'].length
        : number('client_count'),
  }
}

export function total(nodes: FiguresByNode): ChannelFigures {
  const sum = { ...NOTHING }
  for (const figures of nodes.values()) {
    for (const key of Object.keys(sum) as (keyof ChannelFigures)[]) sum[key] += figures[key]
  }
  return sum
}

/** Over the nsqds that were asked both times: one that came or went tells nothing of what happened. */
export function changeOf(before: FiguresByNode, after: FiguresByNode): Change {
  let messages = 0
  let depth = 0
  for (const [address, now] of after) {
    const then = before.get(address)
    if (then === undefined) continue
    messages += now.messages - then.messages
    depth += now.depth - then.depth
  }
  return { messages, depth }
}
