import type { NsqdProcess } from '../support/nsqd-process.ts'

/** A message that was looked at. */
export interface Peeked {
  readonly id: string
  readonly attempts: number
  readonly headers?: Readonly<Record<string, string>>
  /** Its beginning: the name that the ledger gave it is there. */
  readonly body: string
}

const PAGE = 1000
const BODY_MAX = 64

/** All messages of a channel in a state, without anything happening to them. */
export async function peekAll(nsqd: NsqdProcess, topic: string, channel: string, state: string): Promise<Peeked[]> {
  const found: Peeked[] = []
  for (let offset: number | null = 0; offset !== null;) {
    const query = `topic=${topic}&channel=${channel}&state=${state}&limit=${PAGE}&offset=${offset}&body_max=${BODY_MAX}`
    const { status, text } = await nsqd.http('GET', `/channel/peek?${query}`)
    if (status === 404) return found // nothing has made it yet
    if (status !== 200) throw new Error(`/channel/peek answered ${status} ${text}`)
    const { messages, next } = JSON.parse(text) as { messages: Peeked[]; next: number | null }
    found.push(...messages)
    offset = next
  }
  return found
}
