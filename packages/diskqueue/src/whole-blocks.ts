/** Reads and writes that finish what a file left short. */
import { DiskQueueError } from './errors.ts'
import type { QueueFile } from './queue-files.ts'

/** Fills `target` from `offset` on; resolves to the bytes read, fewer only where the file ends. */
export async function readBlock(file: QueueFile, target: Buffer, offset: number): Promise<number> {
  let count = 0
  while (count < target.length) {
    const read = await file.read(target.subarray(count), offset + count)
    if (read === 0) break
    count += read
  }
  return count
}

/**
 * Writes all of `source` at `offset`.
 * @throws {DiskQueueError} IO_FAILED where the file takes nothing and says nothing, which would else be a loop for ever.
 */
export async function writeBlock(file: QueueFile, source: Buffer, offset: number): Promise<void> {
  let count = 0
  while (count < source.length) {
    const written = await file.write(source.subarray(count), offset + count)
    if (written <= 0) throw new DiskQueueError('IO_FAILED', `a write of ${source.length - count} bytes wrote none`)
    count += written
  }
}
