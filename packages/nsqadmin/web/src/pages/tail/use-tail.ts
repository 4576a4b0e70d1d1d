// A live tail: an event stream of its own, through an ephemeral channel that goes with it.
import { useEffect, useRef, useState } from 'react'
import type { TailMessage, TailOpen, TailStatus } from '../../../../server/api-types.ts'
import { get } from '../../api/client.ts'
import { api, apiUrl } from '../../api/paths.ts'

export interface TailState {
  readonly open: TailOpen | undefined
  readonly status: TailStatus | undefined
  /** Newest first. */
  readonly messages: readonly TailMessage[]
  /** Why there is none. */
  readonly error: string | undefined
}

const NOTHING: TailState = { open: undefined, status: undefined, messages: [], error: undefined }
/** More nobody reads, and each may be 16 KiB. */
const KEPT_MAX = 200

/** Tails while `running`; what has come stays to be read after that. Closed with the page. */
export function useTail(topic: string, ratePerSecond: number, running: boolean): TailState {
  const [state, setState] = useState(NOTHING)
  const waiting = useRef<TailMessage[]>([])
  useEffect(() => {
    if (!running) return
    const stop = new AbortController()
    let source: EventSource | undefined
    let frame = 0
    setState(NOTHING)

    // Messages may come by the hundred: they are shown together, once a frame.
    function show(): void {
      frame = 0
      const fresh = waiting.current.toReversed()
      waiting.current = []
      setState((old) => ({ ...old, messages: [...fresh, ...old.messages].slice(0, KEPT_MAX) }))
    }
    async function start(): Promise<void> {
      await get(api.tailCheck(topic), stop.signal) // an EventSource could not say why it was refused
      source = new EventSource(apiUrl(api.tail(topic, ratePerSecond)))
      source.addEventListener('open', (event: Event) => {
        // Its own event of that name has no data; the server's has.
        if (event instanceof MessageEvent)
          setState((old) => ({ ...old, open: parsed(event) as TailOpen, error: undefined }))
      })
      source.addEventListener('message', (event) => {
        waiting.current.push(parsed(event) as TailMessage)
        if (frame === 0) frame = requestAnimationFrame(show)
      })
      source.addEventListener('status', (event: MessageEvent) => {
        setState((old) => ({ ...old, status: parsed(event) as TailStatus }))
      })
      source.addEventListener('error', (event) => {
        if (!(event instanceof MessageEvent))
          setState((old) => ({ ...old, error: 'The tail was cut off. Trying again.' }))
      })
    }
    start().catch((error: Error) => {
      if (!stop.signal.aborted) setState((old) => ({ ...old, error: error.message }))
    })
    return () => {
      stop.abort()
      source?.close()
      cancelAnimationFrame(frame)
      waiting.current = []
    }
  }, [topic, ratePerSecond, running])
  return state
}

function parsed(event: MessageEvent): unknown {
  return JSON.parse(String(event.data))
}
