import { copyFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { boolOption } from '@nsq-ts/daemon'
import { parseFileName } from '@nsq-ts/diskqueue'
import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'
import { nameBefore } from '../log/aside.ts'
import { type Batch, BATCH_HEADER_SIZE, BatchKind, messageParts } from '../log/batch.ts'
import { fileHeader } from '../log/data-file.ts'
import { writeWhole } from '../log/files.ts'
import { unpackHeaders } from '../log/headers.ts'
import { HEADER_SIZE, ID_OFFSET, SIZE_FIELD_SIZE } from '../log/message-header.ts'
import type { Metadata, TopicMetadata } from '../storage/metadata.ts'
import { nodeFiles } from '../storage/node-files.ts'
import { TopicFolder } from '../storage/topic-folder.ts'
import { topicDirectory } from '../storage/topic-stores.ts'
import { command, type CommandOutput, ExitCode } from './command.ts'
import { channelsOf, locked, readMetadata, type TopicPlace, topicsOf } from './data-path.ts'
import { intoFresh, writeMetadata } from './fresh-data-path.ts'
import { folderRow, required } from './rows.ts'
import { scanFile } from './scan-file.ts'

export const salvageCommand = command({
  name: 'salvage',
  summary: 'copies everything that is readable out of a damaged data path',
  description: `
Writes a new data path with every batch whose checksum is right, wherever it lies, also out of files that nsqd refuses to
open. What the journals say stays true as far as they can be read; of a topic whose journal is lost, all messages are
given to all its channels once more. Without a readable nsqd.dat, topics and channels are those that have messages, and
nothing is paused. The original's disk queues are copied as they are. Nothing in --from is changed. Exit code 3 when
something had to be left behind.

Files that nsqd has kept aside, since they were damaged (*.damaged), stay behind unless --kept is given: then what is whole
in them is given to the channels once more, at the end of the line; most of it they may have had.`,
  examples: [
    ['nsq_data salvage --from=/var/lib/nsq --to=/var/lib/nsq-new', 'then start nsqd with --data-path=/var/lib/nsq-new'],
    ['nsq_data verify --data-path=/var/lib/nsq-new', 'see that what was written is whole'],
  ],
  table: {
    from: folderRow('from', 'the damaged data path'),
    to: folderRow('to', 'folder to write; it is made, or must be empty'),
    kept: boolOption('kept', {
      default: false,
      key: null,
      help: 'also the messages of files that were kept aside since they were damaged',
      group: 'Options',
    }),
  },
  run({ from, kept, to }, output) {
    const source = required('from', from)
    const target = required('to', to)
    return locked(source, () =>
      intoFresh(target, () => Promise.resolve(new Salvage(source, target, kept, output).run())),
    )
  },
})

class Salvage {
  readonly #from: string
  readonly #to: string
  readonly #kept: boolean
  readonly #output: CommandOutput
  #messages = 0
  #skipped = 0

  constructor(from: string, to: string, kept: boolean, output: CommandOutput) {
    this.#from = from
    this.#to = to
    this.#kept = kept
    this.#output = output
  }

  run(): ExitCode {
    const { note, out } = this.#output
    const topics: TopicMetadata[] = []
    for (const place of topicsOf(this.#from, this.#metadata())) topics.push(this.#salvage(place))
    writeMetadata(this.#to, topics)
    let queueFiles = 0
    for (const name of nodeFiles.list(this.#from)) {
      if (parseFileName(name) === undefined) continue
      copyFileSync(join(this.#from, name), join(this.#to, name))
      queueFiles++
    }
    if (queueFiles > 0) note(`${queueFiles} files of the original's disk queues were copied as they are`)
    out(`${topics.length} topics, ${this.#messages} messages written to ${this.#to}`)
    if (this.#skipped > 0) note(`${this.#skipped} bytes were no whole batch and stay behind`)
    return this.#skipped > 0 ? ExitCode.damage : ExitCode.done
  }

  #metadata(): Metadata {
    try {
      return readMetadata(this.#from, this.#output.note)
    } catch (error) {
      this.#output.note((error as Error).message)
      this.#skipped++
      return { topics: [] }
    }
  }

  #salvage(place: TopicPlace): TopicMetadata {
    const { name, metadata } = place
    if (!place.stored) return metadata
    const directory = topicDirectory(this.#to, name)
    nodeFiles.makeDirectory(directory)
    const aside: string[] = []
    for (const file of nodeFiles.list(place.directory).sort()) {
      if (nameBefore(file) === null) this.#copy(join(place.directory, file), join(directory, file))
      else aside.push(join(place.directory, file))
    }
    nodeFiles.syncDirectory(directory)
    nodeFiles.syncDirectory(this.#to)
    const folder = new TopicFolder(
      { files: nodeFiles, maxBytesPerFile: Number.MAX_SAFE_INTEGER, damaged() {} },
      directory,
    )
    try {
      if (!folder.journalled) this.#beginJournal(folder, metadata)
      if (aside.length > 0) this.#takeAside(folder, aside, metadata.paused)
      return { ...metadata, channels: channelsOf(place, folder) }
    } finally {
      folder.close()
    }
  }

  /** A topic without a journal that is whole: every channel has all there is. */
  #beginJournal(folder: TopicFolder, { name, channels, paused }: TopicMetadata): void {
    this.#output.note(`TOPIC(${name}): its journal is lost; all messages are given to its channels once more`)
    for (const channel of channels) folder.addChannel(channel.name)
    for (const channel of folder.channelNamesOfOwnLogs) folder.addChannel(channel)
    folder.finish(paused)
  }

  /** What was kept aside comes at the end of the line, if it is wanted. */
  #takeAside(folder: TopicFolder, paths: readonly string[], paused: boolean): void {
    let count = 0
    for (const path of paths) {
      const { batches, bytes, damage } = scanFile(nodeFiles, path)
      const messages = batches.filter((batch) => messageParts(bytes, batch) !== null)
      if (!this.#kept) {
        const whole = messages.reduce((sum, batch) => sum + batch.count, 0)
        this.#output.note(`${path} was kept aside, and stays behind: --kept takes the ${whole} messages in it`)
        continue
      }
      for (const batch of messages) count += addBatch(folder, ownerOf(path), bytes, batch)
      for (const [start, end] of damage) this.#skipped += end - start
    }
    this.#messages += count
    if (count > 0) folder.finish(paused)
  }

  /** Copies the batches of a file that are right. The index is left out: it is made anew. */
  #copy(from: string, to: string): void {
    this.#output.progress.show(() => `${this.#messages} messages, ${from}`)
    const { bytes, batches, damage } = scanFile(nodeFiles, from)
    for (const [start, end] of damage) {
      this.#skipped += end - start
      this.#output.note(`${from}: ${end - start} bytes at ${start} are no whole batch and stay behind`)
    }
    const kept = batches.filter(({ kind }) => kind !== BatchKind.index)
    if (kept.length === 0) return
    const file = nodeFiles.open(to, 'create')
    try {
      const header = fileHeader()
      writeWhole(file, header, 0, header.length, 0)
      let at = header.length
      for (const { count, end, kind, start } of kept) {
        const from = start - BATCH_HEADER_SIZE
        writeWhole(file, bytes, from, end, at)
        at += end - from
        if (kind !== BatchKind.journal) this.#messages += count
      }
      file.sync()
    } finally {
      file.close()
    }
  }
}

/** The channel whose own log a file belongs to; null: it is the topic's. */
function ownerOf(path: string): string | null {
  return /^own\.(.+)-\d{16}\.log$/.exec(nameBefore(basename(path))!)?.[1] ?? null
}

/** Adds the messages of a batch to the topic, or to the one channel that they are of; those with a delay are due. @returns how many */
function addBatch(folder: TopicFolder, owner: string | null, bytes: Buffer, batch: Batch): number {
  const { framesStart, headersEnd, headersStart } = messageParts(bytes, batch)!
  const headers = new Map<number, Buffer>()
  unpackHeaders(bytes, headersStart, headersEnd, (index, packed) => void headers.set(index, packed))
  let index = 0
  for (let at = framesStart; at + HEADER_SIZE <= batch.end; index++) {
    const end = at + SIZE_FIELD_SIZE + bytes.readUInt32BE(at)
    const frame = bytes.subarray(at, end)
    const id = [parseIdHi(frame, ID_OFFSET), parseIdLo(frame, ID_OFFSET)] as const
    if (owner === null) folder.addToTopic(frame, frame.length, ...id, headers.get(index))
    else folder.addToChannel(folder.addChannel(owner), frame, frame.length, ...id, 1, headers.get(index))
    at = end
  }
  return index
}
