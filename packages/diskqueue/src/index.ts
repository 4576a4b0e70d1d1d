/**
 * go-diskqueue's format, as nsqd uses it: how a data path of the original is taken over, and written back.
 *
 * `listQueues` finds the queues of a directory, `DiskQueueReader` reads one, `DiskQueueWriter` writes one, and a record
 * of them is a message (`decodeMessageRecord`, `encodeMessageRecord`). All of it works on `QueueFiles`; `nodeFiles` is
 * the machine's own file system.
 */
export { nodeFiles } from './node-files.ts'
export type { Awaitable, OpenPurpose, QueueFile, QueueFiles } from './queue-files.ts'
export { DiskQueueError, systemCode } from './errors.ts'
export type { DiskQueueErrorCode } from './errors.ts'
export { dataFileName, metadataFileName, parseFileName, parseQueueName, queueName } from './file-names.ts'
export type { QueueFileName, QueueOwner } from './file-names.ts'
export { findQueue, listQueues } from './list-queues.ts'
export type { NumberedFile, QueueListing } from './list-queues.ts'
export { formatMetadata, parseMetadata } from './metadata.ts'
export type { QueueMetadata, QueuePosition } from './metadata.ts'
export { DiskQueueReader } from './disk-queue-reader.ts'
export type { ReaderOptions } from './disk-queue-reader.ts'
export { describeFinding } from './read-report.ts'
export type { Finding, FindingCode, ReadReport } from './read-report.ts'
export { DiskQueueWriter } from './disk-queue-writer.ts'
export type { WriterOptions } from './disk-queue-writer.ts'
export { MESSAGE_HEADER_SIZE, decodeMessageRecord, encodeMessageRecord } from './message-record.ts'
export type { MessageRecord } from './message-record.ts'
