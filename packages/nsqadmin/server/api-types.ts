// Every JSON shape that nsqadmin's API answers with or takes: the one thing that server and page share. Types only.
//
// The first half is the original's API (field names and order are its own; lists may be null where it says so), the second half
// is ours, under paths that the original does not have. All paths are below the base path. A failure has a status of 4xx or 5xx
// and `{"message": "CODE"}`.
//
// For the page: requests that change something carry `X-Requested-With` (any value), or `X-UserAgent` as the original's page: it proves that they
// come from the page itself. The server puts two lines at the beginning of <head> of the built index.html: `<base href>` with the base
// path, and `<meta property="csp-nonce" nonce="...">`, without which the browser takes no <style> element that a script adds
// (`document.querySelector('meta[property=csp-nonce]').nonce`; React's and the DOM's own `style` properties need none). Every file
// in dist/web is served below the base path; names with a hash (`name-HASH.ext`) are cached for a year.

/** What every successful object of the original's API carries: empty, or `WARNING: ...` when some upstreams failed. */
export interface WithMessage {
  message: string
}

// ---------------------------------------------------------------------------------------------------- the original's API

/** GET /api/topics */
export interface TopicsAnswer extends WithMessage {
  /** Sorted; null: there are none. */
  topics: string[] | null
}

/** GET /api/topics?inactive=true: topics in nsqlookupd that no nsqd has, with their registered channels. */
export interface InactiveTopicsAnswer extends WithMessage {
  topics: Record<string, string[] | null>
}

/** GET /api/topics/:topic: the sum over all nsqds, with `node` being `*`. */
export interface TopicAnswer extends Topic, WithMessage {}

/** GET /api/topics/:topic/:channel: the sum over all nsqds, with clients. */
export interface ChannelAnswer extends Channel, WithMessage {}

/** GET /api/nodes */
export interface NodesAnswer extends WithMessage {
  nodes: Node[] | null
}

/** GET /api/nodes/:node, with `:node` being `broadcast_address:http_port`. */
export interface NodeAnswer extends WithMessage {
  node: string
  /** That node's own topics, with channels and clients. */
  topics: Topic[] | null
  total_messages: number
  total_clients: number
}

/** GET /api/counter; keys are `<topic>:<channel>:<node>`. */
export interface CounterAnswer extends WithMessage {
  stats: Record<string, { node: string; topic_name: string; channel_name: string; message_count: number }>
}

/** GET /api/graphite?metric=rate&target=T */
export interface GraphiteRateAnswer {
  /** `12.34`, or `N/A`. */
  rate: string
}

/** POST /api/topics */
export interface CreateTopicBody {
  topic: string
  channel?: string
}

/** POST /api/topics/:topic and POST /api/topics/:topic/:channel */
export interface ActionBody {
  action: 'pause' | 'unpause' | 'empty'
}

/** DELETE /api/nodes/:node */
export interface TombstoneBody {
  topic: string
}

/** A topic, of one nsqd or summed up over several. */
export interface Topic {
  /** `broadcast_address:http_port`; `*` for a sum. */
  node: string
  hostname: string
  topic_name: string
  depth: number
  memory_depth: number
  backend_depth: number
  message_count: number
  delivery_msg_count: number
  zone_local_msg_count?: number
  region_local_msg_count?: number
  global_msg_count?: number
  /** What was summed up, by hostname; null for a topic of one nsqd. */
  nodes: Topic[] | null
  channels: Channel[] | null
  paused: boolean
  e2e_processing_latency: Latency
}

export interface Channel {
  node: string
  hostname: string
  topic_name: string
  channel_name: string
  depth: number
  memory_depth: number
  backend_depth: number
  in_flight_count: number
  deferred_count: number
  requeue_count: number
  timeout_count: number
  message_count: number
  /** These four are left out when 0. */
  delivery_msg_count?: number
  zone_local_msg_count?: number
  region_local_msg_count?: number
  global_msg_count?: number
  client_count: number
  nodes: Channel[] | null
  clients: Client[] | null
  paused: boolean
  e2e_processing_latency: Latency
}

export interface Client {
  node: string
  remote_address: string
  version: string
  client_id: string
  hostname: string
  user_agent: string
  /** Unix seconds. */
  connect_ts: number
  /** Nanoseconds since then. */
  connected: number
  in_flight_count: number
  ready_count: number
  finish_count: number
  requeue_count: number
  message_count: number
  /** Percent; 0: all messages. */
  sample_rate: number
  deflate: boolean
  snappy: boolean
  authed: boolean
  auth_identity: string
  auth_identity_url: string
  node_topology_region?: string
  node_topology_zone?: string
  topology_region?: string
  topology_zone?: string
  tls: boolean
  tls_cipher_suite: string
  tls_version: string
  tls_negotiated_protocol: string
  tls_negotiated_protocol_is_mutual: boolean
}

/** End-to-end processing latency: publish to finish. */
export interface Latency {
  count: number
  /** Null: not measured (nsqd without --e2e-processing-latency-percentile, or nothing finished yet). */
  percentiles: LatencyPercentile[] | null
  topic: string
  channel: string
  host: string
}

/** Nanoseconds. `value` is one nsqd's own; a sum has min, max and the weighted average instead. */
export interface LatencyPercentile {
  /** 0.99 */
  quantile: number
  count: number
  average: number
  max: number
  min: number
  value?: number
}

/** An nsqd as nsqlookupd, or it itself, tells of it. */
export interface Node {
  /** `<nsqlookupd>/<the nsqd as seen there>`, one for each nsqlookupd that knows it; null without nsqlookupd. */
  remote_addresses: string[] | null
  remote_address: string
  hostname: string
  broadcast_address: string
  tcp_port: number
  http_port: number
  version: string
  topology_zone?: string
  topology_region?: string
  topics: { topic: string; tombstoned: boolean }[] | null
  /** Another node has a newer version. */
  out_of_date: boolean
}

// ------------------------------------------------------------------------------------------------------------------ ours

/** GET /api/settings: what the page has to know before it draws anything. Open to everybody, also before login. */
export interface SettingsAnswer {
  /** The NSQ version that this is compatible with: `1.3.0`. */
  version: string
  /** nsq-ts' own version. */
  build: string
  /** `/`, or `/admin`: never ends in a slash otherwise. The page is also given it in <base href>. */
  base_path: string
  /** Addresses of nsqlookupd in use; empty: nsqds are asked directly, and there is no Lookup page. */
  nsqlookupd: string[]
  /** Milliseconds between two events of /api/live. */
  live_interval: number
  /** Milliseconds between two points of /api/history. */
  history_interval: number
  /** Milliseconds that /api/history goes back at most. */
  history_length: number
  graphite: GraphiteSettings | null
}

/** For graph links to Graphite, as the original's page makes them. */
export interface GraphiteSettings {
  /** Where its /render is: the base path's own when the server proxies it. */
  url: string
  statsd_prefix: string
  statsd_counter_format: string
  statsd_gauge_format: string
  /** Seconds. */
  statsd_interval: number
}

/**
 * GET /api/session: who asks. POST: log in (SessionLoginBody), answers the same, or 401 `INVALID_CREDENTIALS`, or 429
 * `TOO_MANY_ATTEMPTS` with Retry-After. DELETE: log out. The session is a cookie that scripts of the page cannot see.
 * Any other /api path answers 401 `LOGIN_REQUIRED` while `login_required` is true and nobody is logged in.
 */
export interface SessionAnswer {
  /** There is an --auth-file: without a session nothing is shown. */
  login_required: boolean
  /** The user of the session, or named by a trusted header; null: nobody is known. */
  user: string | null
  role: Role
  /** May create, pause, empty, delete, tombstone, publish and tail. The server checks it again each time. */
  is_admin: boolean
}

/** `none`: must log in first. */
export type Role = 'none' | 'viewer' | 'operator'

/** POST /api/session */
export interface SessionLoginBody {
  user: string
  password: string
}

/**
 * GET /api/live: server-sent events. First `snapshot` (LiveSnapshot), then `update` (LiveUpdate) each `live_interval`. An
 * update has whole rows, but only those that changed. `?topic=T` adds that topic's channels (LiveSnapshot.channels), then also
 * kept up to date. EventSource reconnects by itself and gets a new snapshot.
 */
export interface LiveSnapshot {
  /** Unix milliseconds of the sample; 0: there is none yet. */
  at: number
  totals: LiveTotals
  nodes: LiveNode[]
  topics: LiveTopic[]
  /** The channels of `?topic=`; empty without. */
  channels: LiveChannel[]
  /** What is wrong with discovery: an nsqlookupd that does not answer... Whole sentences. */
  warnings: string[]
}

/** What has changed since the event before. */
export interface LiveUpdate {
  at: number
  totals: LiveTotals
  /** All of them, in each update: `age` moves. */
  nodes: LiveNode[]
  /** Rows that changed, and new ones. */
  topics: LiveTopic[]
  /** Names of topics that are gone. */
  topics_gone: string[]
  channels: LiveChannel[]
  channels_gone: string[]
  warnings: string[]
}

/** Figures of everything that is summed up. Rates are messages a second over the last samples. */
export interface LiveFigures {
  /** Waiting. A topic's is what waits in the topic itself plus what waits in its channels (`topic_depth` has the former alone). */
  depth: number
  backend_depth: number
  in_flight: number
  deferred: number
  /** Published since the nsqds started. */
  messages: number
  /** Totals since the nsqds started. */
  requeued: number
  timed_out: number
  /** Consumers connected. */
  clients: number
  rate_in: number
  /** Finished (or emptied), over all channels. */
  rate_out: number
  rate_requeued: number
  rate_timed_out: number
}

export interface LiveTotals extends LiveFigures {
  topics: number
  channels: number
  nodes: number
  nodes_down: number
}

export interface LiveTopic extends LiveFigures {
  topic: string
  /** What waits in the topic itself: it is paused, or has no channel yet. */
  topic_depth: number
  channels: number
  /** On at least one node. */
  paused: boolean
  /** How many of its channels are paused on at least one node. */
  paused_channels: number
  /** Nodes that have it, `broadcast_address:http_port`. */
  nodes: string[]
  /** Of these, whose figures are from before they went: see LiveNode. Their rates count as 0. */
  stale_nodes: string[]
  trouble: TopicTrouble[]
}

export interface LiveChannel extends LiveFigures {
  channel: string
  paused: boolean
  nodes: string[]
  stale_nodes: string[]
  /** Nanoseconds, the worst node's; null: not measured. */
  e2e: { quantile: number; value: number }[] | null
  trouble: TopicTrouble[]
}

/**
 * `no-consumer`: messages wait, nobody is connected, and depth has been rising. `rising`: depth has been rising for a minute though
 * there are consumers. `time-outs`: messages timed out within the last minute. `paused`: the topic or one of its channels.
 * `stale`: a node that has it does not answer.
 */
export type TopicTrouble = 'no-consumer' | 'rising' | 'time-outs' | 'paused' | 'stale'

export interface LiveNode {
  /** `broadcast_address:http_port`: the key of /api/nodes/:node. */
  node: string
  hostname: string
  version: string
  topology_region: string
  topology_zone: string
  /** `up`; `slow`: answers, but took longer than a live interval; `down`: does not answer; `gone`: no nsqlookupd lists it any more. */
  state: 'up' | 'slow' | 'down' | 'gone'
  /** Why it is not `up`: a whole sentence, empty if it is. */
  reason: string
  /** Milliseconds since its figures were taken; null: there never were any. */
  age: number | null
  /** Milliseconds that the last answer took. */
  took: number
  /** What the nsqd says of itself: `OK`, or `NOK - <reason>` when its disk fails. */
  health: string
  /** Unix seconds; 0: unknown. */
  start_time: number
  out_of_date: boolean
  topics: number
  channels: number
  clients: number
  depth: number
  in_flight: number
  rate_in: number
  rate_out: number
  /** `down`: also for `gone`. `disk`: health is not OK. */
  trouble: ('down' | 'slow' | 'disk' | 'out-of-date')[]
}

/**
 * GET /api/history/topics/:topic, /api/history/topics/:topic/:channel, /api/history/nodes/:node, /api/history/cluster
 * (all nodes together), each with `?points=n` (default and most: all there are). 404 `NOT_FOUND` for what was never seen.
 */
export interface HistoryAnswer {
  /** Milliseconds between two points. */
  interval: number
  /** Unix milliseconds of each point, ascending. */
  times: number[]
  /** As many as `times`; null: nothing is known of that moment (nsqadmin or all nodes were down, or it did not exist). */
  series: Record<HistoryMetric, (number | null)[]>
}

/** Rates are messages a second. `e2e_*` are nanoseconds, worst node, and are all null where latency is not measured. */
export type HistoryMetric =
  | 'depth'
  | 'in_flight'
  | 'deferred'
  | 'rate_in'
  | 'rate_out'
  | 'rate_requeued'
  | 'rate_timed_out'
  | 'e2e_95'
  | 'e2e_99'

/** GET /api/history?points=n (default 40, at most 120): a sparkline for each topic. */
export interface SparklinesAnswer {
  /** Milliseconds between two points. */
  interval: number
  /** Unix milliseconds of the last point. */
  to: number
  /** By topic; an empty list stands for zeros all the way. */
  topics: Record<string, { depth: (number | null)[]; rate_in: (number | null)[] }>
}

/** POST /api/publish/:topic: a message for the topic, to one nsqd. Answers PublishAnswer. */
export interface PublishBody {
  body: string
  /** Default `utf8`. */
  encoding?: 'utf8' | 'base64'
  /** Milliseconds; default 0. */
  defer?: number
  /** `broadcast_address:http_port`; default: one that has the topic, else any. */
  node?: string
}

export interface PublishAnswer extends WithMessage {
  /** Where it went. */
  node: string
}

/**
 * GET /api/tail/:topic?rate=n (messages a second, default 10, at most 100)&sample=p (percent, default: what the rate needs):
 * server-sent events through an ephemeral channel of its own, so nobody else misses a message. `open` (TailOpen), then `message`
 * (TailMessage) and, once a second, `status` (TailStatus). Errors before it opens: 403 `FORBIDDEN`, 404 `TOPIC_NOT_FOUND`,
 * 409 `TOPIC_HAS_NO_CHANNEL` (its waiting messages would all go to the tail, and be lost to the first real channel),
 * 429 `TOO_MANY_TAILS`. (EventSource cannot see these codes: fetch, or ask POST-free `GET /api/tail/:topic?check=1`, which answers
 * `{"message":""}` or the same errors.) The channel goes with the connection.
 */
export interface TailOpen {
  /** `nsqadmin-tail-1f3a...#ephemeral` */
  channel: string
  nodes: string[]
  /** Percent of the messages that the nsqds send at all. */
  sample: number
  rate: number
}

export interface TailMessage {
  id: string
  /** Unix milliseconds of the publish. */
  timestamp: number
  attempts: number
  node: string
  /** Bytes of the whole body. */
  size: number
  /** The body or its first 16 KiB. */
  body: string
  encoding: 'utf8' | 'base64'
  truncated: boolean
}

export interface TailStatus {
  /** Messages shown and, because of `rate`, not shown since it opened. */
  shown: number
  skipped: number
  /** Connections that are lost at the moment: `host:port: reason`. */
  problems: string[]
}

/** Where a message is with its channel; `dead`: it has failed too often, and lies in a dead-letter topic. */
export type MessageState = 'ready' | 'in_flight' | 'deferred' | 'dead'

/**
 * GET /api/messages/:topic/:channel?node=...: messages of a channel on one node, without consuming them; GET /api/messages/:topic: what waits
 * in the topic itself. `state` (default `ready`), `limit` (1 to 100, default 25), `offset`, `contains`; for `dead`, `from`: which channel of the
 * dead-letter topic. What a node cannot say is its own answer, so that it keeps nobody from the others': 404 with nsqd's code, 501
 * `NOT_SUPPORTED` (the original, or an older version), 502 `NODE_WANTS_TOKEN`, `UPSTREAM_ERROR: ...`; 404 `NODE_NOT_FOUND`.
 */
export interface MessagesAnswer {
  node: string
  state: MessageState
  /** Where these are: dead letters have a topic of their own. */
  topic: string
  /** Null: in the topic itself. */
  channel: string | null
  /** Of the dead-letter topic, one of which `channel` is; empty otherwise. */
  channels: string[]
  /** How many there are in that place and state, whatever `contains` says. */
  count: number
  /** Offset of the next page; null at the end. */
  next: number | null
  messages: ShownMessage[]
}

/** Times are Unix milliseconds. */
export interface ShownMessage {
  id: string
  /** In the place where it is: a dead letter is `ready` in its topic. */
  state: Exclude<MessageState, 'dead'>
  timestamp: number
  attempts: number
  /** Bytes of the whole body. */
  size: number
  /** The body, or its first 4 KiB. */
  body: string
  encoding: 'utf8' | 'base64'
  truncated: boolean
  headers: Record<string, string>
  /** Of a deferred one; null: not known before its topic has a channel. */
  due: number | null
  /** Of one in flight. */
  consumer: MessageConsumer | null
}

export interface MessageConsumer {
  client_id: string
  hostname: string
  remote_address: string
  delivered_at: number
  times_out_at: number
}

/**
 * GET /api/message/:topic/:channel?node=&id=, or without a channel: a ShownMessage with its whole body. POST /api/message/:topic/:channel acts on
 * one: MessageActionBody. 404 `MESSAGE_NOT_FOUND`: it has been finished, or has gone to a consumer and was finished there; 409
 * `MESSAGE_NOT_DEFERRED`.
 */
export interface MessageActionBody {
  node: string
  id: string
  /** `cancel` and `deliver` are for deferred ones: never, and now. `discard` is for a dead letter of this channel: it is finished where it lies. */
  action: MessageAction
  /** With `requeue`: milliseconds to wait. Default 0. */
  defer?: number
  /** With `discard`: the channel of the dead-letter topic that it is finished on; default: the usual one, made if there is none. */
  from?: string
}

export type MessageAction = 'finish' | 'requeue' | 'deliver' | 'cancel' | 'discard'

/**
 * GET /api/redrive/:topic/:channel: how far dead letters are on their way back. POST: begins it, RedriveBody. DELETE: ends it. POST and DELETE
 * fail when no node does it: 404 `NO_DEAD_LETTERS`, 409 `REDRIVE_RUNNING`, `REDRIVE_NOT_RUNNING`...; else `message` names those that did not.
 */
export interface RedriveAnswer extends WithMessage {
  nodes: NodeRedrive[]
}

export interface NodeRedrive {
  node: string
  running: boolean
  /** Letters sent back, of the redrive that runs, or of the last one since the nsqd started. */
  sent: number
  /** Why it ended before its end; empty: it did not. */
  error: string
}

export interface RedriveBody {
  /** Default: all that have the topic. */
  node?: string
  /** Only this one letter. */
  id?: string
  /** Only those whose body has this in it. */
  contains?: string
  /** Only those that died for this reason: `requeued`, `timed-out`, `consumer-lost`, `unknown`. */
  reason?: string
  /** So many a second on each node; 0: as fast as it goes. */
  rate?: number
  /** The channel of the dead-letter topic that they are taken from; needed where it has several. */
  from?: string
}

/** POST /api/rewind/:topic/:channel: RewindBody. 409 `NOT_RETAINED` when no node keeps anything; else `message` names those that did not do it. */
export interface RewindAnswer extends WithMessage {
  nodes: NodeRewind[]
}

export interface NodeRewind {
  node: string
  /** That come again. */
  messages: number
  /** False: some of what was published since is not kept any more. */
  complete: boolean
}

export interface RewindBody {
  /** Unix milliseconds: what was published then or later is delivered again. */
  to: number
}

/** GET and POST /api/retries/:topic/:channel: what becomes of messages that fail, node by node. `message` names the nodes that cannot say. */
export interface RetriesAnswer extends WithMessage {
  nodes: NodeRetries[]
}

export interface NodeRetries {
  node: string
  /** Failed deliveries after which a message becomes a dead letter; 0: never. */
  max_attempts: number
  dead_letter_topic: string
  /** `1s,10s,1m0s`: the wait after the first failed delivery, the second... Empty: none. */
  backoff: string
  /** Percent. */
  jitter: number
}

/** POST /api/retries/:topic/:channel: what is to change, as text; empty gives it back to the nsqd's options. To all nodes. */
export interface RetriesBody {
  max_attempts?: string
  dead_letter_topic?: string
  backoff?: string
  jitter?: string
}
