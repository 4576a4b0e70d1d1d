import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveOptions, silentLogger } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import { nsqdTable } from '@nsq-ts/nsqd'
import type { NsqdOptions } from '@nsq-ts/nsqd'
import { nsqlookupdTable } from '@nsq-ts/nsqlookupd'
import type { NsqlookupdOptions } from '@nsq-ts/nsqlookupd'
import { Platform } from './platform.ts'

export interface BrokerSettings {
  /**
   * Options of nsqd, by their names in camel case, durations in milliseconds with `Ms` at the end:
   * `{ memQueueSize: 100, msgTimeoutMs: 500 }`. The addresses default to free ports of 127.0.0.1.
   */
  readonly nsqd?: Partial<NsqdOptions>
  /** True, or options, for an nsqlookupd beside it. Default: none. */
  readonly lookupd?: boolean | Partial<NsqlookupdOptions>
  /** A folder that exists, and stays. Default: a temporary one, which close removes. */
  readonly dataPath?: string
  /** Default: nothing is logged. */
  readonly logger?: Logger
}

/** Where something listens. */
export interface Endpoint {
  /** `127.0.0.1:40123` */
  readonly address: string
  readonly port: number
}

/** A running broker. `await using` closes it at the end of the block. */
export interface Broker extends AsyncDisposable {
  /** For clients. */
  readonly tcp: Endpoint
  /** For `/pub`, `/stats` and the rest; `url` is `http://` and the address. */
  readonly http: Endpoint & { readonly url: string }
  /** With `lookupd` only. */
  readonly lookupd: { readonly tcp: Endpoint; readonly http: Endpoint & { readonly url: string } } | undefined
  readonly dataPath: string
  /** Idempotent. Ends all connections and, if the data path is a temporary one, removes it. */
  close(): Promise<void>
}

const FREE_PORT = '127.0.0.1:0'

/**
 * Starts a real nsqd in this process, for tests: sockets, files and all. Any number of them can run at the same time.
 * @throws {StartError} when options do not fit or an address is taken; nothing is left open then
 */
export async function startBroker(settings: BrokerSettings = {}): Promise<Broker> {
  const temporary = settings.dataPath === undefined
  const dataPath = settings.dataPath ?? (await mkdtemp(join(tmpdir(), 'nsq-broker-')))
  const logger = settings.logger ?? silentLogger()
  const platform = new Platform(
    {
      nsqd: nsqdOptions({ ...settings.nsqd, dataPath }, logger),
      nsqlookupd: nsqlookupdOptions(settings.lookupd, logger),
      nsqadmin: undefined,
    },
    logger,
    (error) => logger.fatal(error.message),
  )
  let closed: Promise<void> | undefined
  const close = () => (closed ??= closeOnce())
  const closeOnce = async () => {
    try {
      await platform.close()
    } finally {
      if (temporary) await rm(dataPath, { recursive: true, force: true })
    }
  }
  try {
    await platform.start()
    return describe(platform, dataPath, close)
  } catch (error) {
    await close()
    throw error
  }
}

function nsqdOptions(wanted: Partial<NsqdOptions>, { level }: Logger): NsqdOptions {
  const { options } = resolveOptions(nsqdTable, [], { program: 'nsqd' })
  const local = {
    tcpAddress: FREE_PORT,
    httpAddress: FREE_PORT,
    httpsAddress: FREE_PORT,
    broadcastAddress: '127.0.0.1',
  }
  return { ...options, ...local, logLevel: level, ...wanted }
}

function nsqlookupdOptions(wanted: BrokerSettings['lookupd'], { level }: Logger): NsqlookupdOptions | undefined {
  if (wanted === undefined || wanted === false) return undefined
  const { options } = resolveOptions(nsqlookupdTable, [], { program: 'nsqlookupd' })
  const local = { tcpAddress: FREE_PORT, httpAddress: FREE_PORT, broadcastAddress: '127.0.0.1', logLevel: level }
  return { ...options, ...local, ...(wanted === true ? {} : wanted) }
}

function describe(platform: Platform, dataPath: string, close: () => Promise<void>): Broker {
  const { nsqd, nsqlookupd } = platform.addresses
  if (nsqd.http === undefined) throw new Error('startBroker needs the HTTP listener: httpAddress must not be empty')
  const endpoint = ({ text, port }: { text: string; port: number }) => ({ address: text, port })
  const withUrl = (address: { text: string; port: number }) => ({ ...endpoint(address), url: `http://${address.text}` })
  return {
    tcp: endpoint(nsqd.tcp),
    http: withUrl(nsqd.http),
    lookupd: nsqlookupd && { tcp: endpoint(nsqlookupd.tcp), http: withUrl(nsqlookupd.http) },
    dataPath,
    close,
    [Symbol.asyncDispose]: close,
  }
}
