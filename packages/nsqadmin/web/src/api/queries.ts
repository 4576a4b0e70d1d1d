// What the page asks for, as hooks: each keeps what it has while it asks again, and after a failure too.
import { QueryCache, QueryClient, useQuery } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'
import type {
  ChannelAnswer,
  CounterAnswer,
  HistoryAnswer,
  InactiveTopicsAnswer,
  NodeAnswer,
  NodesAnswer,
  RedriveAnswer,
  RetriesAnswer,
  SessionAnswer,
  SettingsAnswer,
  SparklinesAnswer,
  TopicAnswer,
} from '../../../server/api-types.ts'
import { ApiError, get } from './client.ts'
import { api } from './paths.ts'

/** How often pages ask for what the stream does not bring. */
const POLL_MS = 2_000
/** A sparkline has a point for each minute and a half. */
const SPARKLINES_MS = 30_000

export const queryClient: QueryClient = new QueryClient({
  // A session that has ended shows at whatever is asked next: then the login is asked for at once.
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => {
      if (!(error instanceof ApiError) || error.code !== 'LOGIN_REQUIRED' || queryKey[0] === api.session) return
      void queryClient.invalidateQueries({ queryKey: [api.session] })
    },
  }),
  defaultOptions: {
    queries: {
      // What the server has refused stays refused; what is lost comes back with the next poll.
      retry: (failures, error) => failures < 1 && error instanceof ApiError && error.status === 0,
      refetchOnWindowFocus: true,
      staleTime: 1_000,
    },
  },
})

export function useSettings(): SettingsAnswer | undefined {
  return useAnswer<SettingsAnswer>(api.settings, { everyMs: 60_000 }).data
}

export function useSession(): UseQueryResult<SessionAnswer> {
  return useAnswer<SessionAnswer>(api.session, { everyMs: 60_000 })
}

/** May whoever looks at the page change things? The server asks again each time; this hides what would be refused. */
export function useIsAdmin(): boolean {
  return useSession().data?.is_admin === true
}

export function useTopic(topic: string): UseQueryResult<TopicAnswer> {
  return useAnswer<TopicAnswer>(api.topic(topic), { everyMs: POLL_MS })
}

export function useChannel(topic: string, channel: string): UseQueryResult<ChannelAnswer> {
  return useAnswer<ChannelAnswer>(api.channel(topic, channel), { everyMs: POLL_MS })
}

export function useNodes(): UseQueryResult<NodesAnswer> {
  return useAnswer<NodesAnswer>(api.nodes, { everyMs: 2 * POLL_MS })
}

export function useNode(node: string): UseQueryResult<NodeAnswer> {
  return useAnswer<NodeAnswer>(api.node(node), { everyMs: POLL_MS })
}

export function useCounter(): UseQueryResult<CounterAnswer> {
  return useAnswer<CounterAnswer>(api.counter, { everyMs: POLL_MS })
}

export function useInactiveTopics(): UseQueryResult<InactiveTopicsAnswer> {
  return useAnswer<InactiveTopicsAnswer>(api.inactiveTopics, { everyMs: 5 * POLL_MS })
}

export function useRetries(topic: string, channel: string): UseQueryResult<RetriesAnswer> {
  return useAnswer<RetriesAnswer>(api.retries(topic, channel), { everyMs: POLL_MS })
}

/** How far dead letters are on their way back. */
export function useRedrive(topic: string, channel: string): UseQueryResult<RedriveAnswer> {
  return useAnswer<RedriveAnswer>(api.redrive(topic, channel), { everyMs: POLL_MS })
}

/** @param path one of `api.history` */
export function useHistory(path: string): UseQueryResult<HistoryAnswer> {
  const everyMs = Math.max(POLL_MS, useSettings()?.history_interval ?? 0)
  return useAnswer<HistoryAnswer>(path, { everyMs })
}

/** The sparkline of one topic's depth; undefined: not known yet. */
export function useSparkline(topic: string): readonly (number | null)[] | undefined {
  const { data } = useQuery({
    queryKey: [api.sparklines],
    queryFn: ({ signal }) => get<SparklinesAnswer>(api.sparklines, signal),
    refetchInterval: SPARKLINES_MS,
    staleTime: SPARKLINES_MS,
    structuralSharing: false, // thousands of rows, all of them changed
    select: (answer) => answer.topics[topic]?.depth,
  })
  return data
}

function useAnswer<Answer>(path: string, { everyMs }: { everyMs: number }): UseQueryResult<Answer> {
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => get<Answer>(path, signal),
    refetchInterval: everyMs,
  })
}
