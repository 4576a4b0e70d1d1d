import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LogFiles } from '../log/files.ts'
import { DataPathLock } from '../storage/data-path-lock.ts'
import {
  type Metadata,
  METADATA_FILE,
  parseMetadata,
  readMetadataFile,
  type TopicMetadata,
} from '../storage/metadata.ts'
import { nodeFiles } from '../storage/node-files.ts'
import { readOnlyFiles } from '../storage/read-only-files.ts'
import { TopicFolder } from '../storage/topic-folder.ts'
import { topicDirectory, topicOfDirectory } from '../storage/topic-stores.ts'
import { UsageError } from './command.ts'

/** Nothing is appended by what only reads. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** A topic of a data path: its folder, its entry in nsqd.dat, or both. */
export interface TopicPlace {
  readonly name: string
  readonly directory: string
  /** There is a folder. */
  readonly stored: boolean
  readonly metadata: TopicMetadata
}

/** @throws {UsageError} when there is no such folder */
export function requireFolder(path: string): void {
  if (!existsSync(path)) throw new UsageError(`${path} does not exist`)
}

/** Runs with the exclusive right to a data path. @throws when somebody else has it */
export async function locked<T>(path: string, run: () => Promise<T>): Promise<T> {
  requireFolder(path)
  const lock = DataPathLock.acquire(path)
  try {
    return await run()
  } finally {
    lock.release()
  }
}

/** What nsqd.dat says; nothing where there is none. @throws {Error} when it is damaged */
export function readMetadata(path: string, note: (line: string) => void): Metadata {
  const file = join(path, METADATA_FILE)
  try {
    const text = readMetadataFile(file)
    if (text === undefined) return { topics: [] }
    return parseMetadata(text, (kind, name) => note(`${file}: ${name} is no name of a ${kind}, passed over`))
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** All topics that nsqd would have, by name. */
export function topicsOf(path: string, metadata: Metadata): TopicPlace[] {
  const places = new Map<string, TopicPlace>()
  for (const entry of metadata.topics) {
    places.set(entry.name, {
      name: entry.name,
      directory: topicDirectory(path, entry.name),
      stored: false,
      metadata: entry,
    })
  }
  for (const file of nodeFiles.list(path)) {
    const name = topicOfDirectory(file)
    if (name === null) continue
    const known = places.get(name)
    const fallback = { name, paused: false, channels: [] }
    places.set(name, { name, directory: join(path, file), stored: true, metadata: known?.metadata ?? fallback })
  }
  return [...places.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Opens a topic's folder to look at; nothing in it changes. @throws of the file system, or FileFormatError */
export function openReadOnly(
  place: TopicPlace,
  damaged: (path: string, offset: number, size: number) => void,
  files: LogFiles = readOnlyFiles(nodeFiles),
): TopicFolder {
  return new TopicFolder({ files, maxBytesPerFile: NO_LIMIT, damaged }, place.directory)
}

/** The channels that nsqd would have: those of the folder and those of nsqd.dat. */
export function channelsOf(place: TopicPlace, folder: TopicFolder | null): { name: string; paused: boolean }[] {
  const channels = new Map(place.metadata.channels.map((channel) => [channel.name, channel]))
  for (const name of folder?.channelNames ?? []) if (!channels.has(name)) channels.set(name, { name, paused: false })
  return [...channels.values()]
}
