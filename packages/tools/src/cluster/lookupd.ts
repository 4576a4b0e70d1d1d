// What nsqlookupds know, of all of them together. One that does not answer takes nothing from what the others say.
import type { JsonClient } from './get-json.ts'
import { StatusError } from './status-error.ts'

/** What was found, and who could not be asked. */
export interface Answers<T> {
  readonly found: T
  readonly errors: readonly Error[]
}

/** All topics, sorted. */
export async function lookupTopics(client: JsonClient, lookupds: readonly string[]): Promise<Answers<string[]>> {
  const { answers, errors } = await askAll(lookupds, (address) => client.get(`${address}/topics`))
  const topics = answers.flatMap((answer) => strings(unwrap(answer)['topics']))
  return { found: [...new Set(topics)].sort(), errors }
}

/** `host:port` of the HTTP side of each nsqd that has a topic, sorted. That one of them has not heard of it is an error if nobody has. */
export async function lookupProducers(
  client: JsonClient,
  lookupds: readonly string[],
  topic: string,
): Promise<Answers<string[]>> {
  const query = `/lookup?topic=${encodeURIComponent(topic)}`
  const { answers, errors } = await askAll(lookupds, (address) => client.get(address + query))
  const addresses = answers.flatMap((answer) => {
    const { producers } = unwrap(answer)
    return Array.isArray(producers) ? producers.map(httpAddress).filter((address) => address !== undefined) : []
  })
  const found = [...new Set(addresses)].sort()
  const isUnknown = (error: Error): boolean => error instanceof StatusError && error.status === 404
  return { found, errors: answers.length === 0 ? errors : errors.filter((error) => !isUnknown(error)) }
}

/** Asks everyone at once. */
export async function askAll<T>(
  addresses: readonly string[],
  ask: (address: string) => Promise<T>,
): Promise<{ answers: T[]; errors: Error[] }> {
  const settled = await Promise.allSettled(addresses.map(ask))
  return {
    answers: settled.filter((each) => each.status === 'fulfilled').map(({ value }) => value),
    errors: settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason as Error),
  }
}

/** The object itself; before NSQ 1.0 it stood in `data`. */
function unwrap(answer: unknown): Record<string, unknown> {
  if (typeof answer !== 'object' || answer === null) return {}
  const { data } = answer as { data?: unknown }
  return (typeof data === 'object' && data !== null ? data : answer) as Record<string, unknown>
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function httpAddress(producer: unknown): string | undefined {
  const { broadcast_address: host, http_port: port } = producer as { broadcast_address?: unknown; http_port?: unknown }
  if (typeof host !== 'string' || typeof port !== 'number') return undefined
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
