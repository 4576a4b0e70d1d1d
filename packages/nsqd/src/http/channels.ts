import type { Query, Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { existingChannel, topicAndChannelName, withinLimits } from './arguments.ts'
import { createChannelFrom } from './rewind.ts'

/** `/channel/create`, `delete`, `empty`, `pause`, `unpause`: nothing in the answer but the status, unless `from=` is asked for. */
export function channelRoutes(nsqd: Nsqd): Route[] {
  const { registry } = nsqd
  const post = (action: string, run: (query: Query) => unknown): Route => ({
    method: 'POST',
    path: `/channel/${action}`,
    handle: ({ query }) => run(query),
  })
  return [
    post('create', (query) => {
      if (query.get('from') !== undefined) return createChannelFrom(nsqd, query)
      const { topic, channelName } = topicAndChannelName(registry, query)
      withinLimits(() => nsqd.limits.checkChannel(topic, channelName))
      registry.channel(topic, channelName)
      nsqd.persistNewMetadata()
      return undefined
    }),
    // What was confirmed to be made or deleted stays so after a crash; the same goes for a pause: it is on disk before the answer.
    post('delete', (query) => {
      const { topic, channel } = existingChannel(registry, query)
      registry.deleteChannel(topic, channel)
      nsqd.persistMetadata()
    }),
    post('empty', (query) => existingChannel(registry, query).channel.empty()),
    post('pause', (query) => {
      existingChannel(registry, query).channel.pause()
      nsqd.persistMetadata()
    }),
    post('unpause', (query) => {
      existingChannel(registry, query).channel.unpause()
      nsqd.persistMetadata()
    }),
  ]
}
