import type { Logger } from '@nsq-ts/daemon'
import type { TopicRegistry } from './core/topic-registry.ts'

/**
 * Makes room on a disk that is full: what is kept only to be delivered again goes before a publish is refused, first of the
 * topic that keeps most.
 * @returns false: nothing is kept
 */
export function makeRoom(registry: TopicRegistry, logger: Logger): boolean {
  const topics = [...registry.topics()].filter(({ retention }) => retention.active)
  const keeping = topics.map((topic) => ({ topic, bytes: topic.retention.retained.bytes }))
  keeping.sort((a, b) => b.bytes - a.bytes)
  for (const { bytes, topic } of keeping) {
    if (bytes === 0 || !topic.giveUpRetained()) continue
    const freed = bytes - topic.retention.retained.bytes
    logger.warn(`TOPIC(${topic.name}): the disk is full; gave up ${freed} bytes that were kept to be delivered again`)
    return true
  }
  return false
}
