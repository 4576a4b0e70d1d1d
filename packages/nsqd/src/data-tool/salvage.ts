import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseFileName } from '@nsq-ts/diskqueue'
import { BATCH_HEADER_SIZE, BatchKind } from '../log/batch.ts'
import { fileHeader } from '../log/data-file.ts'
import { writeWhole } from '../log/files.ts'
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
something had to be left behind.`,
  examples: [
    ['nsq_data salvage --from=/var/lib/nsq --to=/var/lib/nsq-new', 'then start nsqd with --data-path=/var/lib/nsq-new'],
    ['nsq_data verify --data-path=/var/lib/nsq-new', 'see that what was written is whole'],
  ],
  table: {
    from: folderRow('from', 'the damaged data path'),
    to: folderRow('to', 'folder to write; it is made, or must be empty'),
  },
  run({ from, to }, output) {
    const source = required('from', from)
    const target = required('to', to)
    return locked(source, () => intoFresh(target, () => Promise.resolve(new Salvage(source, target, output).run())))
  },
})

class Salvage {
  readonly #from: string
  readonly #to: string
  readonly #output: CommandOutput
  #messages = 0
  #skipped = 0

  constructor(from: string, to: string, output: CommandOutput) {
    this.#from = from
    this.#to = to
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
    for (const file of nodeFiles.list(place.directory).sort())
      this.#copy(join(place.directory, file), join(directory, file))
    nodeFiles.syncDirectory(directory)
    nodeFiles.syncDirectory(this.#to)
    const folder = new TopicFolder(
      { files: nodeFiles, maxBytesPerFile: Number.MAX_SAFE_INTEGER, damaged() {} },
      directory,
    )
    try {
      if (!folder.journalled) this.#beginJournal(folder, metadata)
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
