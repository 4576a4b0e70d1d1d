import { fsyncSync, closeSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isEphemeral, isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import writeFileAtomic from 'write-file-atomic'
import type { TopicOverrides } from '../topic-settings.ts'
import type { RedriveRequest } from '../redrive.ts'
import type { RetryOverrides } from '../retry-settings.ts'
import { redriveRequest, shownRedrive } from './redrive-request.ts'
import { retryOverrides, shownRetry } from './retry-overrides.ts'
import { shownOverrides, topicOverrides } from './topic-overrides.ts'

/** What nsqd.dat says: which topics and channels there are, and which of them are paused. */
export interface Metadata {
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly name: string
  readonly paused: boolean
  readonly channels: readonly ChannelMetadata[]
  /** What was said over HTTP about the topic; an addition of ours, which the original passes over. Absent: nothing. */
  readonly settings?: TopicOverrides
}

export interface ChannelMetadata {
  readonly name: string
  readonly paused: boolean
  /** What was said over HTTP about messages of the channel that fail; ours, as TopicMetadata.settings. Absent: nothing. */
  readonly retry?: RetryOverrides | undefined
  /** Dead letters are being sent back to it. */
  readonly redrive?: RedriveRequest | undefined
}

/** Its name in the data path. */
export const METADATA_FILE = 'nsqd.dat'
/** Only the daemon's user may read it, as the original has it. */
const FILE_MODE = 0o600

/** Reads the file's text; undefined when there is none. @throws {Error} of the file system */
export function readMetadataFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Reads the text of nsqd.dat (nsqd-internals.md section 16). Unknown keys are passed over, missing ones have their
 * defaults; entries with an invalid name are left out and reported to `skipped`.
 * @throws {Error} when it is no JSON of that shape
 */
export function parseMetadata(text: string, skipped: (kind: 'topic' | 'channel', name: string) => void): Metadata {
  if (text.trim() === '') throw new Error('unexpected end of JSON input')
  const data = record(JSON.parse(text))
  const topics: TopicMetadata[] = []
  for (const entry of list(data['topics'])) {
    const topic = named(entry)
    if (!isValidTopicName(topic.name)) {
      skipped('topic', topic.name)
      continue
    }
    const channels: ChannelMetadata[] = []
    for (const channelEntry of list(record(entry)['channels'])) {
      const channel = named(channelEntry)
      const retry = retryOverrides(record(channelEntry)['retry'])
      const redrive = redriveRequest(record(channelEntry)['redrive'])
      if (isValidChannelName(channel.name)) channels.push({ ...channel, ...said({ retry, redrive }) })
      else skipped('channel', channel.name)
    }
    const settings = topicOverrides(record(entry)['settings'])
    topics.push({ ...topic, channels, ...(settings !== undefined && { settings }) })
  }
  return { topics }
}

/** The text of nsqd.dat for these topics; what is ephemeral does not appear. */
export function formatMetadata(topics: Iterable<TopicMetadata>, version: string): string {
  const entries = []
  for (const { name, paused, channels, settings } of topics) {
    if (isEphemeral(name)) continue
    const lasting = Array.from(channels).filter((channel) => !isEphemeral(channel.name))
    const shown = lasting.map(formatChannel)
    const added =
      settings === undefined || Object.keys(settings).length === 0 ? {} : { settings: shownOverrides(settings) }
    entries.push({ name, paused, channels: orNull(shown), ...added })
  }
  return JSON.stringify({ topics: orNull(entries), version })
}

function formatChannel({ name, paused, redrive, retry = {} }: ChannelMetadata): Record<string, unknown> {
  return {
    name,
    paused,
    ...(Object.keys(retry).length > 0 && { retry: shownRetry(retry) }),
    ...(redrive !== undefined && { redrive: shownRedrive(redrive) }),
  }
}

/** Without what was not said. */
function said<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** Replaces the file: written beside it, synced, renamed over it, and the folder synced. @throws {Error} of the file system */
export function writeMetadataFile(file: string, text: string): void {
  writeFileAtomic.sync(file, text, { fsync: true, mode: FILE_MODE })
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** True for what is written down at all. */
export function isPersistent(topicName: string, channelName?: string): boolean {
  return !isEphemeral(topicName) && (channelName === undefined || !isEphemeral(channelName))
}

function named(entry: unknown): ChannelMetadata {
  const { name, paused } = record(entry)
  if (name !== undefined && typeof name !== 'string') throw new Error('a name is not a string')
  return { name: name ?? '', paused: paused === true }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('an object is missing')
  return value as Record<string, unknown>
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error('a list is missing')
  return value
}

function orNull<T>(entries: T[]): T[] | null {
  return entries.length === 0 ? null : entries
}
