/**
 * The metadata file (spec: section 2), three lines of decimal numbers, each ended by LF:
 *
 *   <depth>
 *   <read file number>,<read offset>
 *   <write file number>,<write offset>
 */
import { join } from 'node:path'
import { systemCode } from './errors.ts'
import { metadataFileName } from './file-names.ts'
import type { QueueFile, QueueFiles } from './queue-files.ts'
import { readBlock, writeBlock } from './whole-blocks.ts'

// Five int64 and their separators take at most 105 bytes; what is far longer is no metadata.
const METADATA_SIZE_MAX = 4096
const LINES = /^\s*([+-]?\d+)\r?\n([+-]?\d+),([+-]?\d+)\r?\n([+-]?\d+),([+-]?\d+)(?:\r?\n|$)/u

/** A place in a queue: a data file's number, and an offset in it, in bytes. */
export interface QueuePosition {
  readonly fileNumber: number
  readonly offset: number
}

/** `depth` counts messages. A crash can leave it wrong, also below zero. */
export interface QueueMetadata {
  readonly depth: number
  readonly read: QueuePosition
  readonly write: QueuePosition
}

export function formatMetadata({ depth, read, write }: QueueMetadata): string {
  return `${depth}\n${read.fileNumber},${read.offset}\n${write.fileNumber},${write.offset}\n`
}

/**
 * Takes a missing last LF, and CRLF, as the original does.
 * @returns undefined for what is not three lines of numbers that fit (2^53); no part of such a text is trusted.
 */
export function parseMetadata(text: string): QueueMetadata | undefined {
  const numbers = LINES.exec(text)?.slice(1).map(Number)
  if (numbers === undefined || !numbers.every(Number.isSafeInteger)) return undefined
  const [depth = 0, readFile = 0, readOffset = 0, writeFile = 0, writeOffset = 0] = numbers
  return {
    depth,
    read: { fileNumber: readFile, offset: readOffset },
    write: { fileNumber: writeFile, offset: writeOffset },
  }
}

/** False where the positions cannot be those of any queue: below zero, or reading is ahead of writing. */
export function isConsistent({ read, write }: QueueMetadata): boolean {
  if (read.fileNumber < 0 || read.offset < 0 || write.fileNumber < 0 || write.offset < 0) return false
  if (read.fileNumber !== write.fileNumber) return read.fileNumber < write.fileNumber
  return read.offset <= write.offset
}

/** The text of a metadata file; of an overlong one its beginning, which then does not parse. */
export async function readMetadataText(files: QueueFiles, path: string): Promise<string> {
  const file = await files.open(path, 'read')
  try {
    const text = Buffer.alloc(METADATA_SIZE_MAX)
    return text.toString('latin1', 0, await readBlock(file, text, 0))
  } finally {
    await file.close()
  }
}

/**
 * Replaces a queue's metadata in one step: written to `temporary`, synced, renamed, directory synced. What fails on the
 * way is thrown as it came, with the temporary file removed if the disk lets us.
 */
export async function writeMetadata(
  files: QueueFiles,
  directory: string,
  queue: string,
  metadata: QueueMetadata,
  temporary: string,
): Promise<void> {
  const path = join(directory, temporary)
  const file = await files.open(path, 'create')
  try {
    await fill(file, Buffer.from(formatMetadata(metadata), 'latin1'))
    await files.rename(path, join(directory, metadataFileName(queue)))
  } catch (error) {
    await removeIfThere(files, path).catch(() => undefined) // a leftover harms nobody; the first error is what matters
    throw error
  }
  await files.syncDirectory(directory)
}

/** Unlinks a file that may be gone already. */
export async function removeIfThere(files: QueueFiles, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

async function fill(file: QueueFile, content: Buffer): Promise<void> {
  try {
    await writeBlock(file, content, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}
