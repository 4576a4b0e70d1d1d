import { DiskQueueWriter, MESSAGE_HEADER_SIZE, nodeFiles as queueFiles, queueName } from '@nsq-ts/diskqueue'
import { ATTEMPTS_OFFSET, HEADER_SIZE, TIMESTAMP_OFFSET } from '../log/message-header.ts'
import type { TopicMetadata } from '../storage/metadata.ts'
import type { StoredMessage, TopicFolder } from '../storage/topic-folder.ts'
import { command, type CommandOutput, ExitCode } from './command.ts'
import { channelsOf, locked, openReadOnly, readMetadata, type TopicPlace, topicsOf } from './data-path.ts'
import { intoFresh, writeMetadata } from './fresh-data-path.ts'
import { dataPathRow, folderRow, maxBytesPerFileRow, maxMsgSizeRow, orHere, required } from './rows.ts'

/** Records that are handed to the writer together. */
const BATCH_COUNT = 256

export const exportCommand = command({
  name: 'export',
  summary: 'writes a data path that the original nsqd starts from',
  description: `
Writes nsqd.dat and disk queues of the original's format: what waits in each topic, and what each channel has not
finished, with ids, timestamps and attempts. What was in flight waits again. What was deferred is due at once, behind
everything else, and headers are left out: the original's files have no place for either. The data path itself is not changed; no nsqd may run
on it meanwhile. The folder --to is made, or must be empty.`,
  examples: [
    [
      'nsq_data export --data-path=/var/lib/nsq --to=/var/lib/nsq-original',
      'go back to the original: then start it with --data-path=/var/lib/nsq-original',
    ],
    [
      'nsq_data export --data-path=/var/lib/nsq --to=/mnt/copy --max-msg-size=10485760',
      'for an nsqd that runs with this --max-msg-size',
    ],
  ],
  table: {
    dataPath: dataPathRow,
    to: folderRow('to', 'folder to write; it is made, or must be empty'),
    maxBytesPerFile: maxBytesPerFileRow,
    maxMsgSize: maxMsgSizeRow,
  },
  run({ dataPath, to, maxBytesPerFile, maxMsgSize }, output) {
    const path = orHere(dataPath)
    const target = required('to', to)
    return locked(path, () =>
      intoFresh(target, () => new Export(path, target, maxBytesPerFile, maxMsgSize, output).run()),
    )
  },
})

class Export {
  readonly #path: string
  readonly #to: string
  readonly #maxBytesPerFile: number
  readonly #maxMsgSize: number
  readonly #output: CommandOutput
  #messages = 0
  #hurried = 0
  #bared = 0
  #lost = 0
  #damaged = 0

  constructor(path: string, to: string, maxBytesPerFile: number, maxMsgSize: number, output: CommandOutput) {
    this.#path = path
    this.#to = to
    this.#maxBytesPerFile = maxBytesPerFile
    this.#maxMsgSize = maxMsgSize
    this.#output = output
  }

  async run(): Promise<ExitCode> {
    const { note, out } = this.#output
    const topics: TopicMetadata[] = []
    for (const place of topicsOf(this.#path, readMetadata(this.#path, note)))
      topics.push(await this.#exportTopic(place))
    // Last: an export that was cut short is not taken for a whole one.
    writeMetadata(this.#to, topics)
    out(`${topics.length} topics, ${this.#messages} messages written to ${this.#to}`)
    if (this.#hurried > 0)
      note(`${this.#hurried} deferred messages are due at once: the format has no place for a due time`)
    if (this.#bared > 0) note(`${this.#bared} messages go without their headers: the format has no place for these`)
    if (this.#lost > 0) note(`${this.#lost} messages could not be read and are missing`)
    return this.#damaged + this.#lost > 0 ? ExitCode.damage : ExitCode.done
  }

  async #exportTopic(place: TopicPlace): Promise<TopicMetadata> {
    const { name, metadata } = place
    const folder = place.stored ? openReadOnly(place, this.#noteDamage) : null
    const channels = channelsOf(place, folder)
    if (folder === null) return { ...metadata, channels }
    try {
      await this.#write(queueName(name), folder.topicMessages(), folder)
      for (const channel of folder.channelNames) {
        await this.#write(queueName(name, channel), folder.channelMessages(channel), folder)
      }
      this.#lost += folder.missingCount
    } finally {
      folder.close()
    }
    return { ...metadata, channels }
  }

  /** A queue without messages has no files: the original makes them. */
  async #write(queue: string, messages: Iterable<StoredMessage>, folder: TopicFolder): Promise<void> {
    let writer: DiskQueueWriter | undefined
    let batch: Buffer[] = []
    const options = { maxBytesPerFile: this.#maxBytesPerFile, recordSizeMax: MESSAGE_HEADER_SIZE + this.#maxMsgSize }
    const write = async (): Promise<void> => {
      writer ??= await DiskQueueWriter.create(queueFiles, this.#to, queue, options)
      await writer.write(batch)
      batch = []
      this.#output.progress.show(() => `${this.#messages} messages, ${folder.directory}`)
    }
    try {
      for (const message of messages) {
        batch.push(this.#record(message, queue))
        if (batch.length === BATCH_COUNT) await write()
      }
      if (batch.length > 0) await write()
      await writer?.close()
    } catch (error) {
      await writer?.discard()
      throw error
    }
  }

  #record({ segment, index, attempts, dueWallMs }: StoredMessage, queue: string): Buffer {
    const start = segment.offset(index) + TIMESTAMP_OFFSET
    const record = Buffer.from(segment.bytes.subarray(start, segment.offset(index + 1)))
    const bodySize = record.length - (HEADER_SIZE - TIMESTAMP_OFFSET)
    if (bodySize > this.#maxMsgSize) {
      throw new Error(
        `${queue} has a message of ${bodySize} bytes, more than --max-msg-size=${this.#maxMsgSize}: give a larger one, here and to the nsqd that will read it`,
      )
    }
    record.writeUInt16BE(attempts, ATTEMPTS_OFFSET - TIMESTAMP_OFFSET)
    this.#messages++
    if (dueWallMs !== null) this.#hurried++
    if (segment.headers?.has(index) === true) this.#bared++
    return record
  }

  readonly #noteDamage = (path: string, offset: number, size: number): void => {
    this.#damaged++
    this.#output.note(`${path}: ${size} bytes at ${offset} are damaged and were left out`)
  }
}
