import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { existingTopic, topicName, withinLimits } from './arguments.ts'

/** `/topic/create`, `delete`, `empty`, `pause`, `unpause`: nothing in the answer but the status. */
export function topicRoutes(nsqd: Nsqd): Route[] {
  const { registry } = nsqd
  const post = (action: string, run: (query: Query) => Promise<void> | void): Route => ({
    method: 'POST',
    path: `/topic/${action}`,
    handle: ({ query }) => run(query),
  })
  return [
    // Answered once it has the channels that the cluster knows of it, and is sure to be there after a crash.
    post('create', async (query) => {
      const name = topicName(query)
      withinLimits(() => nsqd.limits.checkTopic(name))
      await nsqd.discovery.opened(registry.topic(name))
      nsqd.persistNewMetadata()
    }),
    // What was confirmed to be deleted stays so after a crash; the same goes for a pause: it is on disk before the answer.
    post('delete', (query) => {
      registry.deleteTopic(existingTopic(registry, query))
      nsqd.persistMetadata()
    }),
    post('empty', (query) => {
      // The only one of these that looks at the name before it looks for the topic.
      const topic = registry.get(topicName(query))
      if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
      topic.empty()
    }),
    post('pause', (query) => {
      existingTopic(registry, query).pause()
      nsqd.persistMetadata()
    }),
    post('unpause', (query) => {
      existingTopic(registry, query).unpause()
      nsqd.persistMetadata()
    }),
  ]
}
