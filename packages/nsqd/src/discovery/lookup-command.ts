import { register, unregister } from '@nsq-ts/protocol'
import type { TopicRegistry } from '../core/topic-registry.ts'

/** Something to say to every nsqlookupd. */
export interface LookupCommand {
  readonly bytes: Buffer
  /** For the log: `topic REGISTER news`, or without the first word where everything is announced. */
  readonly text: string
}

export function registration(topic: string, channel: string | undefined): LookupCommand {
  return { bytes: register(topic, channel), text: `${subject(channel)} REGISTER ${names(topic, channel)}` }
}

export function unregistration(topic: string, channel: string | undefined): LookupCommand {
  return { bytes: unregister(topic, channel), text: `${subject(channel)} UNREGISTER ${names(topic, channel)}` }
}

/** All that there is. A channel stands for its topic as well. */
export function registrations(registry: TopicRegistry): LookupCommand[] {
  const commands: LookupCommand[] = []
  const add = (topic: string, channel?: string) =>
    commands.push({ bytes: register(topic, channel), text: `REGISTER ${names(topic, channel)}` })
  for (const topic of registry.topics()) {
    if (topic.channels.size === 0) add(topic.name)
    for (const channel of topic.channels.keys()) add(topic.name, channel)
  }
  return commands
}

function subject(channel: string | undefined): string {
  return channel === undefined ? 'topic' : 'channel'
}

function names(topic: string, channel: string | undefined): string {
  return channel === undefined ? topic : `${topic} ${channel}`
}
