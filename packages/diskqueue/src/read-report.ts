/** What reading a queue brought, and what was found wrong on the way. */
import type { QueueMetadata } from './metadata.ts'

/**
 * | code | what was found | what the reader does |
 * |---|---|---|
 * | `METADATA_MISSING` | data files without metadata (killed before the first sync) | reads them all from the start |
 * | `METADATA_MALFORMED` | metadata that does not parse | the same |
 * | `METADATA_INCONSISTENT` | positions below zero, or reading ahead of writing | the same |
 * | `FILE_MISSING` | no file of a number between the read and the write position | goes on with the next |
 * | `FILE_SHORT` | a file ends before the position up to which it was written | reads what is there |
 * | `FILE_CONSUMED` | a file before the read position, not removed in time | leaves it |
 * | `FILE_SET_ASIDE` | a `.bad` file | leaves it |
 * | `READ_POSITION_INVALID` | no record begins at the read position | reads that file from its start |
 * | `RECORD_TRUNCATED` | a file ends inside a record | skips these bytes |
 * | `RECORD_SIZE_INVALID` | a size out of its bounds | skips the rest of the file |
 * | `READ_FAILED` | the disk cannot read on (only with `skipUnreadable`) | skips the rest of the file |
 */
export type FindingCode =
  | 'METADATA_MISSING'
  | 'METADATA_MALFORMED'
  | 'METADATA_INCONSISTENT'
  | 'FILE_MISSING'
  | 'FILE_SHORT'
  | 'FILE_CONSUMED'
  | 'FILE_SET_ASIDE'
  | 'READ_POSITION_INVALID'
  | 'RECORD_TRUNCATED'
  | 'RECORD_SIZE_INVALID'
  | 'READ_FAILED'

export interface Finding {
  readonly code: FindingCode
  /** The file's name, without the directory. */
  readonly file: string
  /** Where in the file, in bytes. */
  readonly offset: number
  /** For the last three codes the bytes skipped; for FILE_SHORT those that are not there; else 0. */
  readonly size: number
  /** For FILE_MISSING how many files in a row; else 1. */
  readonly count: number
}

export interface ReadReport {
  readonly queue: string
  /** As read, also where it is inconsistent; undefined where it is missing or malformed. */
  readonly metadata: QueueMetadata | undefined
  /** What the metadata says is left. After a crash it differs from `recordsRead`, in both directions. */
  readonly depthByMetadata: number | undefined
  readonly recordsRead: number
  /** Size fields included. */
  readonly bytesRead: number
  /** Of `recordsRead`, those behind the write position: written after the last sync, before a crash. All, without metadata. */
  readonly recordsBehindMetadata: number
  /** Bytes in data files that were to be read and are no whole records. */
  readonly bytesSkipped: number
  /** In the order found; at most a few for each file. */
  readonly findings: readonly Finding[]
}

/** One line about a finding, for a log. */
export function describeFinding(finding: Finding): string {
  return `${finding.file} ${DESCRIPTIONS[finding.code](finding)}`
}

const DESCRIPTIONS: Readonly<Record<FindingCode, (finding: Finding) => string>> = {
  METADATA_MISSING: () => 'is missing, reading all data files from their start',
  METADATA_MALFORMED: () => 'cannot be parsed, reading all data files from their start',
  METADATA_INCONSISTENT: () => 'has impossible positions, reading all data files from their start',
  FILE_MISSING: ({ count }) => (count === 1 ? 'is missing' : `and those behind it are missing, ${count} files`),
  FILE_SHORT: ({ offset, size }) => `ends at ${offset}, ${size} bytes before its last known write position`,
  FILE_CONSUMED: () => 'is before the read position, left unread',
  FILE_SET_ASIDE: () => 'was set aside earlier, left unread',
  READ_POSITION_INVALID: ({ offset }) => `has no record at the read position ${offset}, reading it from its start`,
  RECORD_TRUNCATED: ({ offset, size }) => `ends inside a record at ${offset}, skipping ${size} bytes`,
  RECORD_SIZE_INVALID: ({ offset, size }) => `has an invalid record size at ${offset}, skipping ${size} bytes`,
  READ_FAILED: ({ offset, size }) => `cannot be read at ${offset}, skipping ${size} bytes`,
}
