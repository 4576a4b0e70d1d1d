/** Which disk queues lie in a directory. */
import { DiskQueueError } from './errors.ts'
import { parseFileName, parseQueueName } from './file-names.ts'
import type { QueueOwner } from './file-names.ts'
import type { QueueFiles } from './queue-files.ts'

/** A numbered file of a queue: records, in the order of the numbers. */
export interface NumberedFile {
  readonly number: number
  readonly file: string
}

/** All files of one queue, by name. A queue may lack its metadata (killed before the first sync), or its data files. */
export interface QueueListing extends QueueOwner {
  /** `topic`, or `topic:channel` */
  readonly name: string
  /** The metadata's file name; undefined where there is none. */
  readonly metadataFile: string | undefined
  /** Ascending by number, gaps possible. */
  readonly dataFiles: readonly NumberedFile[]
  /** What the original set aside after a read error, ascending. It may be a healthy file that was read to its end. */
  readonly badFiles: readonly NumberedFile[]
  /** Metadata that a crash left half written; nobody reads it. */
  readonly temporaryFiles: readonly string[]
}

/**
 * Every queue with at least one file in `directory`, ordered by name. Opens none of them.
 * @throws {DiskQueueError} IO_FAILED where the directory cannot be read.
 */
export async function listQueues(files: QueueFiles, directory: string): Promise<QueueListing[]> {
  let names: readonly string[]
  try {
    names = await files.readdir(directory)
  } catch (error) {
    throw DiskQueueError.from(error, `list ${directory}`)
  }
  return groupByQueue(names)
}

/** The files of one queue; empty lists where it has none. @throws {DiskQueueError} IO_FAILED as `listQueues`. */
export async function findQueue(files: QueueFiles, directory: string, name: string): Promise<QueueListing> {
  const found = (await listQueues(files, directory)).find((queue) => queue.name === name)
  return found ?? emptyListing(name)
}

interface MutableListing extends QueueListing {
  metadataFile: string | undefined
  readonly dataFiles: NumberedFile[]
  readonly badFiles: NumberedFile[]
  readonly temporaryFiles: string[]
}

function groupByQueue(names: readonly string[]): QueueListing[] {
  const queues = new Map<string, MutableListing>()
  for (const file of names) {
    const parsed = parseFileName(file)
    if (parsed === undefined) continue
    let queue = queues.get(parsed.queue)
    if (queue === undefined) {
      queue = emptyListing(parsed.queue)
      queues.set(parsed.queue, queue)
    }
    switch (parsed.kind) {
      case 'metadata':
        queue.metadataFile = file
        break
      case 'temporary':
        queue.temporaryFiles.push(file)
        break
      case 'data':
        queue.dataFiles.push({ number: parsed.number, file })
        break
      case 'bad':
        queue.badFiles.push({ number: parsed.number, file })
        break
    }
  }
  for (const queue of queues.values()) {
    queue.dataFiles.sort((a, b) => a.number - b.number)
    queue.badFiles.sort((a, b) => a.number - b.number)
  }
  return [...queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function emptyListing(name: string): MutableListing {
  return {
    name,
    ...parseQueueName(name),
    metadataFile: undefined,
    dataFiles: [],
    badFiles: [],
    temporaryFiles: [],
  }
}
