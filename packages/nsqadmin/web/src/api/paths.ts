// Addresses: of the pages, for the router, which adds the base path; and of the API, relative to <base href>. Names may hold
// anything that a URL gives a meaning to (`billing#ephemeral`, `[::1]:4151`), so all of them go through one encoding.

const part = encodeURIComponent

/** Where messages are: in a channel, or (null) in the topic itself. */
export interface Place {
  readonly topic: string
  readonly channel: string | null
}

function placePath({ topic, channel }: Place): string {
  return channel === null ? part(topic) : `${part(topic)}/${part(channel)}`
}

/** Pages. */
export const pages = {
  overview: '/',
  nodes: '/nodes',
  counter: '/counter',
  lookup: '/lookup',
  topic: (topic: string): string => `/topics/${part(topic)}`,
  channel: (topic: string, channel: string): string => `/topics/${part(topic)}/${part(channel)}`,
  messages: (topic: string, channel: string): string => `/topics/${part(topic)}/${part(channel)}/messages`,
  retries: (topic: string, channel: string): string => `/topics/${part(topic)}/${part(channel)}/retries`,
  node: (node: string): string => `/nodes/${part(node)}`,
} as const

/** The API. */
export const api = {
  settings: 'api/settings',
  session: 'api/session',
  live: (topic: string | undefined): string => (topic === undefined ? 'api/live' : `api/live?topic=${part(topic)}`),
  topics: 'api/topics',
  inactiveTopics: 'api/topics?inactive=true',
  topic: (topic: string): string => `api/topics/${part(topic)}`,
  channel: (topic: string, channel: string): string => `api/topics/${part(topic)}/${part(channel)}`,
  nodes: 'api/nodes',
  node: (node: string): string => `api/nodes/${part(node)}`,
  counter: 'api/counter',
  publish: (topic: string): string => `api/publish/${part(topic)}`,
  tail: (topic: string, rate: number): string => `api/tail/${part(topic)}?rate=${rate}`,
  tailCheck: (topic: string): string => `api/tail/${part(topic)}?check=1`,
  messages: (place: Place, query: Readonly<Record<string, string>>): string =>
    `api/messages/${placePath(place)}?${new URLSearchParams(query).toString()}`,
  /** To act on one. */
  message: (place: Place): string => `api/message/${placePath(place)}`,
  oneMessage: (place: Place, node: string, id: string): string =>
    `api/message/${placePath(place)}?${new URLSearchParams({ node, id }).toString()}`,
  redrive: (topic: string, channel: string): string => `api/redrive/${part(topic)}/${part(channel)}`,
  rewind: (topic: string, channel: string): string => `api/rewind/${part(topic)}/${part(channel)}`,
  retries: (topic: string, channel: string): string => `api/retries/${part(topic)}/${part(channel)}`,
  sparklines: 'api/history?points=40',
  history: {
    cluster: 'api/history/cluster',
    topic: (topic: string): string => `api/history/topics/${part(topic)}`,
    channel: (topic: string, channel: string): string => `api/history/topics/${part(topic)}/${part(channel)}`,
    node: (node: string): string => `api/history/nodes/${part(node)}`,
  },
} as const

/** `/adm`, or nothing: what the server wrote into <base href>, as the router wants it. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/$/, '')

/** The whole address of something in the API. */
export function apiUrl(path: string): string {
  return new URL(path, document.baseURI).href
}
