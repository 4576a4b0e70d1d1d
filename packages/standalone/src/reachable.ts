import { formatHostPort } from '@nsq-ts/daemon'
import type { BoundAddress } from '@nsq-ts/daemon'

/** Where a listener can be reached from this machine. */
export interface ReachableAddress {
  /** `127.0.0.1:4150`, or the path of a unix socket. */
  readonly text: string
  /** -1 for a unix socket. */
  readonly port: number
  /** It listens on every interface of the machine. */
  readonly everywhere: boolean
}

/** 0.0.0.0 and :: are no addresses to connect to; what listens there is on the loopback interface too. */
export function reachable({ text, host, port }: BoundAddress): ReachableAddress {
  const everywhere = host === '0.0.0.0' || host === '::'
  return { text: everywhere ? formatHostPort('127.0.0.1', port) : text, port, everywhere }
}
