import { pprofRoutes, type Route, runtimeRoutes } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { channelRoutes } from './channels.ts'
import { configRoutes } from './config.ts'
import { pingAndInfoRoutes } from './ping-info.ts'
import { publishRoutes } from './publish.ts'
import { statsRoutes } from './stats.ts'
import { topicSettingsRoutes } from './topic-settings.ts'
import { topicRoutes } from './topics.ts'

/** All that nsqd answers over HTTP (nsqd-http.md, section 3). */
export function httpRoutes(nsqd: Nsqd): Route[] {
  return [
    ...pingAndInfoRoutes(nsqd),
    ...publishRoutes(nsqd),
    ...topicRoutes(nsqd),
    ...topicSettingsRoutes(nsqd),
    ...channelRoutes(nsqd),
    ...configRoutes(nsqd),
    ...statsRoutes(nsqd),
    ...pprofRoutes('/debug/pprof/'),
    ...runtimeRoutes(),
  ]
}
