import { metricsRoute, pprofRoutes, type Route, runtimeRoutes } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { prometheusText } from '../stats/prometheus.ts'
import { channelRoutes } from './channels.ts'
import { configRoutes } from './config.ts'
import { messageRoutes } from './messages.ts'
import { peekRoutes } from './peek.ts'
import { pingAndInfoRoutes } from './ping-info.ts'
import { guardRoutes } from './guard.ts'
import { publishRoutes } from './publish.ts'
import { readyRoutes } from './ready.ts'
import { redriveRoutes } from './redrive.ts'
import { rewindRoutes } from './rewind.ts'
import { retryRoutes } from './retries.ts'
import { statsRoutes } from './stats.ts'
import type { TokenFile } from './tokens.ts'
import { topicSettingsRoutes } from './topic-settings.ts'
import { topicRoutes } from './topics.ts'

/**
 * All that nsqd answers over HTTP (nsqd-http.md, section 3).
 * @param tokens what requests have to show; undefined: nothing
 */
export function httpRoutes(nsqd: Nsqd, tokens?: TokenFile): Route[] {
  const routes = [
    ...readyRoutes(nsqd),
    ...pingAndInfoRoutes(nsqd),
    ...publishRoutes(nsqd),
    ...topicRoutes(nsqd),
    ...topicSettingsRoutes(nsqd),
    ...channelRoutes(nsqd),
    ...peekRoutes(nsqd),
    ...messageRoutes(nsqd),
    ...retryRoutes(nsqd),
    ...redriveRoutes(nsqd),
    ...rewindRoutes(nsqd),
    ...configRoutes(nsqd),
    ...statsRoutes(nsqd),
    metricsRoute(
      () => undefined,
      () => prometheusText(nsqd),
    ),
    ...pprofRoutes('/debug/pprof/'),
    ...runtimeRoutes(),
  ]
  return tokens === undefined ? routes : guardRoutes(routes, tokens)
}
