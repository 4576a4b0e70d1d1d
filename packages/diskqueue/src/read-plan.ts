/** Which files of a queue are to be read, and from where: what the metadata says, held against what really lies there. */
import { dataFileName, metadataFileName } from './file-names.ts'
import type { NumberedFile, QueueListing } from './list-queues.ts'
import { isConsistent } from './metadata.ts'
import type { QueueMetadata } from './metadata.ts'
import type { Finding, FindingCode } from './read-report.ts'

export interface ReadPlan {
  /** In reading order. */
  readonly steps: readonly ReadStep[]
  readonly findings: readonly Finding[]
}

/** Reads one data file from `offset` to its end. */
export interface ReadStep extends NumberedFile {
  readonly offset: number
  /** Up to where the metadata vouches for it; 0 where it knows nothing of the file, undefined where all of it is known. */
  readonly knownSize: number | undefined
}

/**
 * Files behind the write position are read as well: they hold what was written after the last sync.
 * @param metadata undefined where there is none, null where it does not parse
 */
export function planReading(queue: QueueListing, metadata: QueueMetadata | null | undefined): ReadPlan {
  const setAside = queue.badFiles.map(({ file }) => finding('FILE_SET_ASIDE', file))
  if (metadata === undefined || metadata === null || !isConsistent(metadata)) {
    const code = distrust(queue, metadata)
    return {
      steps: queue.dataFiles.map((file) => ({ ...file, offset: 0, knownSize: 0 })),
      findings: code === undefined ? setAside : [finding(code, metadataFileName(queue.name)), ...setAside],
    }
  }
  const consumed = queue.dataFiles.filter(({ number }) => number < metadata.read.fileNumber)
  const unread = queue.dataFiles.filter(({ number }) => number >= metadata.read.fileNumber)
  return {
    steps: unread.map((file) => step(file, metadata)),
    findings: [
      ...consumed.map(({ file }) => finding('FILE_CONSUMED', file)),
      ...missingFiles(queue.name, unread, metadata),
      ...setAside,
    ],
  }
}

export function finding(code: FindingCode, file: string, offset = 0, size = 0, count = 1): Finding {
  return { code, file, offset, size, count }
}

function distrust(queue: QueueListing, metadata: QueueMetadata | null | undefined): FindingCode | undefined {
  if (metadata === null) return 'METADATA_MALFORMED'
  if (metadata !== undefined) return 'METADATA_INCONSISTENT'
  // Neither metadata nor data: a queue that was never used, or only what was set aside of it.
  return queue.dataFiles.length > 0 ? 'METADATA_MISSING' : undefined
}

function step({ number, file }: NumberedFile, { read, write }: QueueMetadata): ReadStep {
  const offset = number === read.fileNumber ? read.offset : 0
  if (number < write.fileNumber) return { number, file, offset, knownSize: undefined }
  return { number, file, offset, knownSize: number === write.fileNumber ? write.offset : 0 }
}

/** The gaps from the read position to the write position; one finding for each, however wide (the numbers may be wild). */
function missingFiles(queue: string, present: readonly NumberedFile[], { read, write }: QueueMetadata): Finding[] {
  // The write file comes to be with its first record, so at offset 0 it need not be there.
  const last = write.offset === 0 ? write.fileNumber - 1 : write.fileNumber
  const gaps: Finding[] = []
  let expected = read.fileNumber
  for (const { number } of [...present, { number: last + 1 }]) {
    const end = Math.min(number, last + 1)
    if (end > expected) gaps.push(finding('FILE_MISSING', dataFileName(queue, expected), 0, 0, end - expected))
    expected = number + 1
  }
  return gaps
}
