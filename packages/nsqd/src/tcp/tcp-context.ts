import type { Logger } from '@nsq-ts/daemon'
import type { AuthServers } from '../auth/auth-servers.ts'
import type { Clock } from '../core/clock.ts'
import type { TopicRegistry } from '../core/topic-registry.ts'
import type { Turn } from '../core/turn.ts'
import type { BlockPool } from '../log/block-pool.ts'
import type { CreationLimits } from '../limits.ts'
import type { TlsRequired } from '../options-tls.ts'
import type { ServerTls } from '../tls/server-tls.ts'
import type { ClientV2 } from './client-v2.ts'

/** What the TCP side of nsqd works with. */
export interface TcpContext {
  readonly clock: Clock
  readonly turn: Turn
  readonly logger: Logger
  readonly registry: TopicRegistry
  /** Blocks that connections gather their output in. */
  readonly outputPool: BlockPool
  /** All connections that are open. */
  readonly clients: Set<ClientV2>
  /** The server's certificate; undefined: no TLS. */
  readonly tls: ServerTls | undefined
  /** Who says what a client may do; undefined: everybody may do everything. */
  readonly authServers: AuthServers | undefined
  readonly limits: CreationLimits
  /** Throws when nothing may be published now: not even a topic is made then. */
  readonly refuse: () => void
  readonly options: TcpOptions
  /** How many there may be at the moment; 0: as many as come. */
  readonly maxConnections: () => number
  /** How far ahead a message may be scheduled, at the moment. */
  readonly maxDeferMs: () => number
  /** As reported to clients. */
  readonly version: string
}

/** The options of nsqd that matter to a connection, under their names in the option table. */
export interface TcpOptions {
  readonly maxMsgSize: number
  readonly maxBodySize: number
  readonly maxHeaderBytes: number
  readonly maxRdyCount: number
  readonly msgTimeoutMs: number
  readonly maxMsgTimeoutMs: number
  readonly maxReqTimeoutMs: number
  readonly maxHeartbeatIntervalMs: number
  readonly maxOutputBufferSize: number
  readonly minOutputBufferTimeoutMs: number
  readonly maxOutputBufferTimeoutMs: number
  readonly outputBufferTimeoutMs: number
  readonly maxChannelConsumers: number
  readonly deflate: boolean
  readonly maxDeflateLevel: number
  readonly snappy: boolean
  /** Other than `off`: nothing but IDENTIFY is taken in the clear. */
  readonly tlsRequired: TlsRequired
  readonly topologyRegion: string
  readonly topologyZone: string
}
