import { type Batch, BatchKind, batches } from '../log/batch.ts'
import { FILE_HEADER_SIZE } from '../log/data-file.ts'
import type { LogFiles } from '../log/files.ts'
import { Salvager } from '../log/readable.ts'

const TRAILER_SIZE = 16
const TRAILER_MAGIC = 0x4e535149
const READ_SIZE = 64 * 1024 * 1024

export interface FileScan {
  readonly bytes: Buffer
  readonly batches: readonly Batch[]
  /** Stretches that are no batch: [from, to). */
  readonly damage: readonly (readonly [from: number, to: number])[]
  /** Bytes that the disk could not read; they are zero in `bytes`. */
  readonly unreadable: number
}

/** Every batch of a file whose checksum is right, wherever it lies, whatever the header says. @throws of the file system, but EIO */
export function scanFile(files: LogFiles, path: string): FileScan {
  const { bytes, unreadable } = readTolerantly(files, path)
  const found: Batch[] = []
  const damage: [number, number][] = []
  const start = Math.min(FILE_HEADER_SIZE, bytes.length)
  for (const batch of batches(bytes, start, bytes.length, (from, to) => damage.push([from, to]))) found.push(batch)
  const last = damage.at(-1)
  if (last !== undefined && found.at(-1)?.kind === BatchKind.index && isTrailer(bytes, last[0])) damage.pop()
  return { bytes, batches: found, damage, unreadable }
}

function isTrailer(bytes: Buffer, at: number): boolean {
  return bytes.length - at === TRAILER_SIZE && bytes.readUInt32BE(at) === TRAILER_MAGIC
}

function readTolerantly(files: LogFiles, path: string): { bytes: Buffer; unreadable: number } {
  const file = files.open(path, 'read')
  try {
    const bytes = Buffer.alloc(file.size())
    const salvager = new Salvager(file)
    for (let at = 0; at < bytes.length; at += READ_SIZE) {
      salvager.read(bytes.subarray(at, Math.min(at + READ_SIZE, bytes.length)), at)
    }
    return { bytes, unreadable: salvager.unreadable }
  } finally {
    file.close()
  }
}
