// The statsd loop (nsqd-flags.md, section 7.2). docs/decisions/0006-statsd.md says why this is no library's.
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { delay, type Logger, parseHostPort } from '@nsq-ts/daemon'

export interface StatsdSettings {
  readonly address: string
  readonly intervalMs: number
  /** The datagrams of one push. */
  readonly collect: () => readonly Buffer[]
  readonly logger: Logger
}

const RESOLVE_TIMEOUT_MS = 1000
/** What a push leaves of its interval when it spreads its datagrams. */
const SPREAD_REST_MS = 1000

/**
 * Pushes once every interval, the first time after one, until the signal aborts. The datagrams of a push are spread over the
 * interval so that a small receiver keeps up; the end of nsqd only ends the waits between them.
 */
export async function runStatsd(settings: StatsdSettings, signal: AbortSignal): Promise<void> {
  const { address, intervalMs, logger } = settings
  let next = performance.now() + intervalMs
  while (await delay(Math.max(0, next - performance.now()), signal)) {
    next = Math.max(next + intervalMs, performance.now())
    const socket = await open(settings)
    if (socket === undefined) continue
    try {
      const packets = settings.collect()
      logger.info(`STATSD: pushing stats to ${address}`)
      const pauseMs = packets.length === 0 ? 0 : Math.max(0, intervalMs - SPREAD_REST_MS) / packets.length
      for (const packet of packets) {
        await send(socket, packet, settings)
        await delay(pauseMs, signal)
      }
    } finally {
      socket.close()
    }
  }
}

/** A socket for one push: the address is resolved anew each time. @returns undefined when that failed, which is logged */
async function open({ address, logger }: StatsdSettings): Promise<Socket | undefined> {
  try {
    const target = parseHostPort(address)
    if (target === undefined) throw new Error('the address is no host:port')
    const host = await resolve(target.host === '' ? 'localhost' : target.host)
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    socket.on('error', () => undefined) // of a receiver that is away: the next datagram may find it
    await new Promise<void>((connected) => socket.connect(Number(target.port), host, connected))
    return socket
  } catch (error) {
    logger.error(`failed to create UDP socket to statsd(${address}) - ${(error as Error).message}`)
    return undefined
  }
}

async function resolve(host: string): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer about ${host} within a second`)), RESOLVE_TIMEOUT_MS)
  })
  try {
    return (await Promise.race([lookup(host), tooLate])).address
  } finally {
    clearTimeout(timer)
  }
}

async function send(socket: Socket, packet: Buffer, { logger }: StatsdSettings): Promise<void> {
  const error = await new Promise<Error | null>((sent) => socket.send(packet, sent))
  // Nobody listens, or not yet: that is how UDP is, and the next push may arrive.
  if (error !== null) logger.debug(`STATSD: a datagram was not sent - ${error.message}`)
}
