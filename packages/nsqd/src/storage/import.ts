// Taking over a data path of the original: its disk queues become messages of our log, and go aside.
import { join } from 'node:path'
import {
  describeFinding,
  DiskQueueReader,
  listQueues,
  nodeFiles as queueFiles,
  type QueueListing,
} from '@nsq-ts/diskqueue'
import { isEphemeral, isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import type { LogFiles } from '../log/files.ts'
import { removeFolder } from '../log/topic-store.ts'
import { addToAside, openAside, setAside } from './imported-aside.ts'
import { ImportedFrame } from './imported-frame.ts'
import type { Metadata, TopicMetadata } from './metadata.ts'
import { type FolderChannel, TopicFolder } from './topic-folder.ts'
import { topicDirectory } from './topic-stores.ts'

/** A topic that is new to us is made under another name, and renamed when it is whole: a crash before leaves nothing of it. */
const UNFINISHED_SUFFIX = '.importing'

export interface ImportSettings {
  readonly files: LogFiles
  /** Where the original's files lie. */
  readonly from: string
  /** The data path that takes them over. */
  readonly to: string
  /** What nsqd.dat says: the channels of each topic, and which topics are paused. */
  readonly metadata: Metadata
  readonly maxBytesPerFile: number
  /** Moves the files aside that were taken over: into `<to>/imported-<UTC time>/`. */
  readonly setAside: boolean
  readonly log: ImportLog
  /** Told after every block: messages so far, of this topic. */
  readonly progress?: (topic: string, messages: number) => void
  /** Aborts between two blocks. What was finished stays taken over. */
  readonly signal?: AbortSignal | undefined
}

export interface ImportLog {
  info(text: string): void
  warn(text: string): void
}

export interface ImportReport {
  /** In the order of their names. */
  readonly topics: readonly { name: string; messages: number }[]
  readonly messages: number
  /** Bytes of the original's files that were no whole messages. */
  readonly bytesSkipped: number
  /** Where the original's files went; null: nowhere. */
  readonly aside: string | null
}

/**
 * Takes over all disk queues that lie in a folder. The queue of a topic waits in the topic; that of a channel is that
 * channel's alone. Ids, timestamps and attempts stay what they are. What cannot be read is logged, and stays in the
 * files that are kept.
 *
 * Topic by topic: all its messages are written and on stable storage before the first of its files moves aside. A crash
 * in between has the topic taken over once more: of one that was new here nothing is left of the first time, unless the
 * crash came among the moves.
 * @throws of the file system; what was taken over so far stays so
 */
export async function importDiskQueues(settings: ImportSettings): Promise<ImportReport> {
  const { files, from, to } = settings
  for (const name of files.list(to)) if (name.endsWith(UNFINISHED_SUFFIX)) removeFolder(files, join(to, name))
  const queues = await listQueues(queueFiles, from)
  const run = new ImportRun(settings)
  try {
    for (const [topic, ofTopic] of byTopic(queues)) await run.takeOver(topic, ofTopic)
  } finally {
    run.close()
  }
  return run.report
}

class ImportRun {
  readonly #settings: ImportSettings
  readonly #topics: { name: string; messages: number }[] = []
  readonly #frame = new ImportedFrame()
  #messages = 0
  #bytesSkipped = 0
  #aside: string | null = null

  constructor(settings: ImportSettings) {
    this.#settings = settings
  }

  get report(): ImportReport {
    return {
      topics: this.#topics,
      messages: this.#messages,
      bytesSkipped: this.#bytesSkipped,
      aside: this.#aside,
    }
  }

  close(): void {
    if (this.#frame.renumbered > 0) {
      this.#settings.log.warn(`IMPORT: ${this.#frame.renumbered} messages had an invalid id and have another now`)
    }
  }

  async takeOver(topic: string, queues: readonly QueueListing[]): Promise<void> {
    const { log } = this.#settings
    if (!isValidTopicName(topic)) {
      log.warn(`IMPORT: ${queues[0]!.name} is no name of a queue; its files are not taken over`)
    } else if (isEphemeral(topic)) {
      log.warn(`IMPORT: TOPIC(${topic}) is ephemeral; what is left of it on disk is not taken over`)
    } else {
      await this.#import(topic, queues)
    }
    if (this.#settings.setAside) this.#moveAside(queues)
  }

  async #import(topic: string, queues: readonly QueueListing[]): Promise<void> {
    const { files, log, metadata, to } = this.#settings
    const directory = topicDirectory(to, topic)
    const known = files.list(directory).length > 0
    const target = known ? directory : `${directory}${UNFINISHED_SUFFIX}`
    const entry = metadata.topics.find(({ name }) => name === topic)
    const folder = this.#openFolder(target)
    try {
      const messages = await this.#fill(folder, queues, entry)
      if (messages === 0) return
      folder.finish(entry?.paused ?? false)
      if (!known) {
        files.rename(target, directory)
        files.syncDirectory(to)
      }
      this.#topics.push({ name: topic, messages })
      this.#messages += messages
      log.info(`IMPORT: TOPIC(${topic}): took over ${messages} messages of ${queues.length} queues`)
    } finally {
      folder.close()
      if (!known && files.list(target).length > 0) removeFolder(files, target)
    }
  }

  #openFolder(directory: string): TopicFolder {
    const { files, log, maxBytesPerFile } = this.#settings
    const damaged = (path: string, offset: number, size: number): void =>
      log.warn(`LOG: ${path}: ${size} bytes at ${offset} are damaged and were skipped`)
    return new TopicFolder({ files, maxBytesPerFile, damaged }, directory)
  }

  /** Channels first: what a topic's own queue holds comes after all that its channels were given. */
  async #fill(folder: TopicFolder, queues: readonly QueueListing[], entry: TopicMetadata | undefined): Promise<number> {
    for (const { name } of entry?.channels ?? []) if (!isEphemeral(name)) folder.addChannel(name)
    let messages = 0
    for (const queue of queues) {
      if (queue.channel === undefined) continue
      if (isValidChannelName(queue.channel) && !isEphemeral(queue.channel)) {
        messages += await this.#read(folder, queue, queue.channel, messages)
      } else {
        this.#settings.log.warn(`IMPORT: ${queue.name} is no name of a lasting channel; its files are not taken over`)
      }
    }
    for (const queue of queues) {
      if (queue.channel === undefined) messages += await this.#read(folder, queue, null, messages)
    }
    return messages
  }

  async #read(folder: TopicFolder, queue: QueueListing, channelName: string | null, before: number): Promise<number> {
    const { from, log, progress, signal } = this.#settings
    const frame = this.#frame
    const reader = await DiskQueueReader.open(queueFiles, from, queue, { skipUnreadable: true })
    // A channel that nsqd.dat does not know is made only when something is there for it.
    let channel: FolderChannel | null = null
    let count = 0
    for await (const records of reader) {
      signal?.throwIfAborted()
      if (channelName !== null) channel ??= folder.addChannel(channelName)
      for (const record of records) {
        frame.set(record)
        const { bytes, end, idHi, idLo } = frame
        if (channel === null) folder.addToTopic(bytes, end, idHi, idLo)
        else folder.addToChannel(channel, bytes, end, idHi, idLo, frame.attempts)
      }
      folder.commit()
      count += records.length
      progress?.(queue.topic, before + count)
    }
    for (const finding of reader.report.findings) log.warn(`IMPORT: ${describeFinding(finding)}`)
    this.#bytesSkipped += reader.report.bytesSkipped
    return count
  }

  #moveAside(queues: readonly QueueListing[]): void {
    const { files, log, to } = this.#settings
    if (this.#aside === null) {
      this.#aside = openAside(files, to)
      log.info(`IMPORT: the files of the original are kept in ${this.#aside}`)
      addToAside(to, this.#aside, 'nsqd.dat')
    }
    for (const queue of queues) setAside(files, to, this.#aside, queue)
    files.syncDirectory(this.#aside)
    files.syncDirectory(to)
  }
}

function byTopic(queues: readonly QueueListing[]): Map<string, QueueListing[]> {
  const topics = new Map<string, QueueListing[]>()
  for (const queue of queues) {
    const known = topics.get(queue.topic)
    if (known === undefined) topics.set(queue.topic, [queue])
    else known.push(queue)
  }
  return topics
}
