// What is looked at, in the address: `?state=deferred&contains=urgent&node=mq1:4151&at=mq1:4151~50`.
import { useSearchParams } from 'wouter'
import type { MessageState } from '../../../../server/api-types.ts'

export interface MessagesAddress {
  readonly state: MessageState
  readonly contains: string
  /** Empty: all nodes. */
  readonly node: string
  readonly from: string
  /** Where the page begins on each node; empty: at the beginning of all. */
  readonly at: ReadonlyMap<string, number>
}

export type Change = Partial<MessagesAddress>

const STATES: readonly MessageState[] = ['ready', 'in_flight', 'deferred', 'dead']
const SEPARATOR = '~'

/** @param change another page keeps what is searched; anything else begins at the first page */
export function useMessagesAddress(): [MessagesAddress, (change: Change, how?: { replace: boolean }) => void] {
  const [search, setSearch] = useSearchParams()
  const address = addressOf(search)
  const change = (change: Change, how = { replace: false }): void => {
    setSearch(written({ ...address, at: new Map(), ...change }), how)
  }
  return [address, change]
}

/** For a link to a state. */
export function searchFor(state: MessageState): string {
  return `?${written({ state, contains: '', node: '', from: '', at: new Map() }).toString()}`
}

function addressOf(search: URLSearchParams): MessagesAddress {
  return {
    state: STATES.find((state) => state === search.get('state')) ?? 'ready',
    contains: search.get('contains') ?? '',
    node: search.get('node') ?? '',
    from: search.get('from') ?? '',
    at: new Map(search.getAll('at').flatMap(placeIn)),
  }
}

function placeIn(text: string): [string, number][] {
  const at = text.lastIndexOf(SEPARATOR)
  const offset = Number(text.slice(at + 1))
  return at === -1 || !Number.isSafeInteger(offset) || offset < 0 ? [] : [[text.slice(0, at), offset]]
}

function written({ state, contains, node, from, at }: MessagesAddress): URLSearchParams {
  const search = new URLSearchParams({ state })
  if (contains !== '') search.set('contains', contains)
  if (node !== '') search.set('node', node)
  if (from !== '') search.set('from', from)
  for (const [name, offset] of at) search.append('at', `${name}${SEPARATOR}${offset}`)
  return search
}
