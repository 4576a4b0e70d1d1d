// One question to one nsqlookupd.
import { type Agent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { HostPort } from '../address.ts'

/** What an nsqlookupd knew. */
export interface LookupAnswer {
  /** Broadcast address and TCP port of each producer. */
  nodes: HostPort[]
  /** For asking it to wait for the next change; undefined where it offers no such thing. */
  token: string | undefined
}

/** Header in which an nsqlookupd that was asked with `wait` says what it knew, if it can wait; given back as `since`. */
export const TOKEN_HEADER = 'x-nsq-since'

/** Bytes of an answer beyond which it is refused: some hundred thousand producers. */
const ANSWER_SIZE_MAX = 64 * 1024 * 1024

/** @throws {Error} when there is no answer, or none that can be used */
export async function askLookupd(
  url: URL,
  agent: Agent,
  token: string | undefined,
  signal: AbortSignal,
): Promise<LookupAnswer> {
  const { status, body, changeToken } = await get(url, agent, token, signal)
  // An nsqlookupd that has not heard of the topic yet.
  if (status === 404) return { nodes: [], token: changeToken }
  if (status !== 200) throw new Error(`status ${status}`)
  return { nodes: nodesOf(JSON.parse(body)), token: changeToken }
}

interface HttpAnswer {
  status: number
  body: string
  changeToken: string | undefined
}

function get(url: URL, agent: Agent, token: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { agent, signal, headers: { accept: 'application/vnd.nsq; version=1.0', ...authorization } },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          size += chunk.length
          if (size > ANSWER_SIZE_MAX) response.destroy(new Error(`answer exceeds ${ANSWER_SIZE_MAX} bytes`))
        })
        response.on('end', () => {
          const header = response.headers[TOKEN_HEADER]
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            changeToken: typeof header === 'string' ? header : undefined,
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** @param answer `{ producers: [...] }`, or that in the `data` of nsqlookupd before 1.0 */
function nodesOf(answer: unknown): HostPort[] {
  const outer = answer as { producers?: unknown; data?: { producers?: unknown } } | null
  const producers = outer?.producers ?? outer?.data?.producers
  if (!Array.isArray(producers)) throw new TypeError('an answer without producers')
  const nodes: HostPort[] = []
  for (const producer of producers as { broadcast_address?: unknown; tcp_port?: unknown }[]) {
    const { broadcast_address: host, tcp_port: port } = producer
    if (typeof host === 'string' && host !== '' && typeof port === 'number') nodes.push({ host, port })
  }
  return nodes
}
