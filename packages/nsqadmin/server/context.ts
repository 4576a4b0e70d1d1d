import type { Logger } from '@nsq-ts/daemon'
import type { Access } from './access/access.ts'
import type { CheckedOptions } from './check-options.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { AdminActions } from './notify/admin-actions.ts'
import type { MayTry } from './http/attempts.ts'
import type { History } from './history/history.ts'
import type { LiveFeed } from './live/live-feed.ts'
import type { Settings } from './settings.ts'
import type { UpstreamClient } from './upstream/client.ts'

/** What the routes stand on. */
export interface AdminContext {
  readonly settings: Settings
  readonly checked: CheckedOptions
  readonly cluster: Cluster
  readonly client: UpstreamClient
  readonly access: Access
  readonly actions: AdminActions
  readonly feed: LiveFeed
  readonly history: History
  readonly logger: Logger
  /** For who did what, or tried to; written whatever the log level. */
  readonly audit: Logger
  readonly mayTry: MayTry
  /** A route's path below --base-path. */
  readonly at: (path: string) => string
}
