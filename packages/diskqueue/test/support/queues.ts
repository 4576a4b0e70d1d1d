/** Queues made by hand, byte by byte, and read whole. */
import * as fc from 'fast-check'
import { DiskQueueReader, findQueue } from '../../src/index.ts'
import type { QueueFiles, ReaderOptions, ReadReport } from '../../src/index.ts'

export const DIRECTORY = 'data'

/** A record of `size` bytes, recognisable by its first. */
export function record(tag: number, size = 31): Buffer {
  return Buffer.alloc(size, tag)
}

/** The plain twin of the writer's bytes. */
export function layOut(...records: readonly Buffer[]): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      const size = Buffer.alloc(4)
      size.writeInt32BE(record.length)
      return [size, record]
    }),
  )
}

export function contentOf(files: Readonly<Record<string, Uint8Array | string>>): Map<string, Buffer> {
  return new Map(Object.entries(files).map(([name, data]) => [name, Buffer.from(data)]))
}

export interface ReadResult {
  readonly records: Buffer[]
  readonly report: ReadReport
}

export async function readQueue(files: QueueFiles, name: string, options?: ReaderOptions): Promise<ReadResult> {
  const reader = await DiskQueueReader.open(files, DIRECTORY, await findQueue(files, DIRECTORY, name), options)
  const records: Buffer[] = []
  for await (const batch of reader) records.push(...batch)
  return { records, report: reader.report }
}

/** Records of any content, mostly small, sizes from the smallest allowed. */
export const records = fc.array(
  fc.uint8Array({ minLength: 26, maxLength: 90 }).map((bytes) => Buffer.from(bytes)),
  {
    maxLength: 40,
  },
)
