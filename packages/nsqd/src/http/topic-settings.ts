import { HttpError, type Query, type Route } from '@nsq-ts/daemon'
import type { Topic } from '../core/topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { isDiskFull } from '../storage/disk-space.ts'
import { OVERRIDE_NAMES, readOverride, shownOverrides, withoutOverride } from '../storage/topic-overrides.ts'
import { existingTopic } from './arguments.ts'

/**
 * `/topic/settings`, ours: what holds for one topic. GET shows it; POST changes what the query names, and an empty value
 * gives a setting back to the options. What was said outlives a restart, and goes with the topic.
 */
export function topicSettingsRoutes(nsqd: Nsqd): Route[] {
  const path = '/topic/settings'
  return [
    { method: 'GET', path, handle: ({ query }) => shown(nsqd, existingTopic(nsqd.registry, query)) },
    { method: 'POST', path, handle: ({ query }) => change(nsqd, query) },
  ]
}

function change(nsqd: Nsqd, query: Query): unknown {
  const topic = existingTopic(nsqd.registry, query)
  if (topic.ephemeral) throw new HttpError(400, 'TOPIC_EPHEMERAL')
  const before = nsqd.topicSettings.overridesOf(topic.name)
  let overrides = before
  for (const name of OVERRIDE_NAMES) {
    const text = query.get(name)
    if (text === undefined) continue
    overrides = withoutOverride(overrides, name)
    if (text !== '') overrides = { ...overrides, ...read(name, text) }
  }
  nsqd.topicSettings.override(topic.name, overrides)
  try {
    nsqd.applyTopicSettings(topic)
  } catch (error) {
    nsqd.topicSettings.override(topic.name, before)
    nsqd.logger.error(`TOPIC(${topic.name}): failed to change its durability - ${(error as Error).message}`)
    const full = isDiskFull(error as Error)
    throw new HttpError(full ? 507 : 503, full ? 'DISK_FULL' : 'DISK_FAILED', { cause: error })
  }
  nsqd.persistMetadata()
  return shown(nsqd, topic)
}

function read(name: (typeof OVERRIDE_NAMES)[number], text: string): ReturnType<typeof readOverride> {
  try {
    return readOverride(name, text)
  } catch (cause) {
    throw new HttpError(400, `INVALID_${name.toUpperCase()}`, { cause })
  }
}

function shown(nsqd: Nsqd, { name }: Topic): unknown {
  return { topic: name, ...shownOverrides(nsqd.topicSettings.of(name)) }
}
