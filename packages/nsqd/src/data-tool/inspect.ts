import { boolOption } from '@nsq-ts/daemon'
import { listQueues, nodeFiles as queueFiles } from '@nsq-ts/diskqueue'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DataPathLock } from '../storage/data-path-lock.ts'
import { nodeFiles } from '../storage/node-files.ts'
import type { Counts, TopicFolder } from '../storage/topic-folder.ts'
import { command, type CommandOutput, ExitCode } from './command.ts'
import { channelsOf, openReadOnly, readMetadata, requireFolder, type TopicPlace, topicsOf } from './data-path.ts'
import { dataPathRow, orHere } from './rows.ts'

export const inspectCommand = command({
  name: 'inspect',
  summary: 'shows the topics, channels and files of a data path',
  description: `
Says for each topic and channel how many messages wait, were in flight, and are deferred, up to which position the
topic's messages were handed to its channels, how many are finished and still there, and which files there are. Changes nothing. Beside a running nsqd the
figures are those of a moment, and may not fit each other.`,
  examples: [
    ['nsq_data inspect --data-path=/var/lib/nsq', 'a table for people'],
    ["nsq_data inspect --data-path=/var/lib/nsq --json | jq '.topics[] | {topic_name, waiting}'", 'for programs'],
  ],
  table: {
    dataPath: dataPathRow,
    json: boolOption('json', { default: false, key: null, help: 'write JSON', group: 'Options' }),
  },
  // eslint-disable-next-line typescript/require-await -- a command is asynchronous, this one waits for nothing long
  async run({ dataPath, json }, output) {
    const path = orHere(dataPath)
    requireFolder(path)
    noteIfInUse(path, output)
    const found = await inspect(path, output)
    if (json) output.out(JSON.stringify(found, null, 2))
    else for (const line of asText(found)) output.out(line)
    return found.damaged_bytes > 0 ? ExitCode.damage : ExitCode.done
  },
})

interface Inspection {
  data_path: string
  damaged_bytes: number
  topics: TopicInspection[]
  /** Queues of the original that nsqd takes over at its next start. */
  disk_queues: string[]
}

interface TopicInspection {
  topic_name: string
  paused: boolean
  waiting: number
  deferred: number
  /** Handed out, needed by no channel any more, and still in the files: kept, or about to go. */
  finished: number
  /** Position after the last message. */
  tail: number
  /** Up to where the channels were given them. */
  distributed: number
  channels: ({ channel_name: string; paused: boolean } & ReturnType<typeof countsOf>)[]
  files: { name: string; bytes: number }[]
}

async function inspect(path: string, output: CommandOutput): Promise<Inspection> {
  let damagedBytes = 0
  const damaged = (file: string, offset: number, size: number): void => {
    damagedBytes += size
    output.note(`${file}: ${size} bytes at ${offset} are no whole batch`)
  }
  const topics = topicsOf(path, readMetadata(path, output.note)).map((place) => {
    output.progress.show(() => `reading ${place.name}`)
    const folder = place.stored ? openReadOnly(place, damaged) : null
    try {
      return inspectTopic(place, folder)
    } finally {
      folder?.close()
    }
  })
  const queues = await listQueues(queueFiles, path)
  return { data_path: path, damaged_bytes: damagedBytes, topics, disk_queues: queues.map(({ name }) => name) }
}

function inspectTopic(place: TopicPlace, folder: TopicFolder | null): TopicInspection {
  const counts = folder?.topicCounts ?? NOTHING
  const known = new Set(folder?.channelNames)
  return {
    topic_name: place.name,
    paused: place.metadata.paused,
    waiting: counts.waiting,
    deferred: counts.deferred,
    finished: folder?.finishedCount ?? 0,
    tail: folder?.log.tail ?? 0,
    distributed: folder?.distributed ?? 0,
    channels: channelsOf(place, folder).map(({ name, paused }) => ({
      channel_name: name,
      paused,
      ...countsOf(known.has(name) ? folder!.channelCounts(name) : NOTHING),
    })),
    files: (folder === null ? [] : nodeFiles.list(place.directory)).sort().map((name) => ({
      name,
      bytes: statSync(join(place.directory, name)).size,
    })),
  }
}

const NOTHING: Counts = { waiting: 0, inFlight: 0, deferred: 0 }

function countsOf({ waiting, inFlight, deferred }: Counts): { waiting: number; in_flight: number; deferred: number } {
  return { waiting, in_flight: inFlight, deferred }
}

function* asText({ topics, disk_queues: queues }: Inspection): IterableIterator<string> {
  for (const topic of topics) {
    const { waiting, deferred, distributed, finished, tail } = topic
    const kept = finished > 0 ? `, ${finished} finished` : ''
    const paused = topic.paused ? ', paused' : ''
    yield `${topic.topic_name}: ${waiting} waiting, ${deferred} deferred, handed out to ${distributed} of ${tail}${kept}${paused}`
    for (const channel of topic.channels) {
      const counts = `${channel.waiting} waiting, ${channel.in_flight} in flight, ${channel.deferred} deferred`
      yield `  channel ${channel.channel_name}: ${counts}${channel.paused ? ', paused' : ''}`
    }
    for (const { name, bytes } of topic.files) yield `  file ${name}: ${bytes} bytes`
  }
  if (topics.length === 0) yield 'no topics'
  for (const name of queues) yield `disk queue of the original, taken over at the next start: ${name}`
}

function noteIfInUse(path: string, output: CommandOutput): void {
  try {
    DataPathLock.acquire(path).release()
  } catch {
    output.note(`${path} is in use: the figures are those of a moment`)
  }
}
