import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskQueueWriter, encodeMessageRecord, nodeFiles, queueName } from '@nsq-ts/diskqueue'

/** A folder that goes when it is disposed of. */
export class TemporaryFolder {
  readonly path: string

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'nsqd-data-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export interface OriginalMessage {
  readonly body: string
  readonly attempts?: number
  readonly id?: string
}

let lastId = 0x1_0000

/** An id as nsqd makes them, another one with each call. */
export function nextId(): string {
  return (lastId++).toString(16).padStart(16, '0')
}

/** Writes a disk queue as the original leaves it at a clean exit. */
export async function writeQueue(
  directory: string,
  topic: string,
  channel: string | undefined,
  messages: readonly (string | OriginalMessage)[],
  maxBytesPerFile = 1000,
): Promise<void> {
  const writer = await DiskQueueWriter.create(nodeFiles, directory, queueName(topic, channel), { maxBytesPerFile })
  for (const message of messages) {
    const { body, attempts = 0, id = nextId() } = typeof message === 'string' ? { body: message } : message
    await writer.write([encodeMessageRecord({ timestampNs: TIMESTAMP, attempts, id, body: Buffer.from(body) })])
  }
  await writer.close()
}

/** That of all messages that writeQueue writes. */
export const TIMESTAMP = 1_700_000_000_123_456_789n

export function writeNsqdDat(
  directory: string,
  topics: Record<string, { paused?: boolean; channels?: Record<string, boolean> }>,
): void {
  const entries = Object.entries(topics).map(([name, { paused = false, channels = {} }]) => ({
    name,
    paused,
    channels: Object.entries(channels).map(([channel, isPaused]) => ({ name: channel, paused: isPaused })),
  }))
  writeFileSync(join(directory, 'nsqd.dat'), JSON.stringify({ topics: entries, version: '1.3.0' }))
}

/** `m0`, `m1` ... */
export function numbered(count: number, prefix = 'm'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}
