import { HttpError } from '@nsq-ts/daemon'
import type { Topic } from '../core/topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { isDiskFull } from '../storage/disk-space.ts'

/**
 * Has what was done to a topic by hand written down, as safely as a publish, before it is answered.
 * @param what it is that could not be written, for the log
 * @throws {HttpError} 507 DISK_FULL, 503 DISK_FAILED: it is done, and may be undone by a crash
 */
export function confirm(nsqd: Nsqd, topic: Topic, what: string): void {
  try {
    topic.confirm()
  } catch (error) {
    nsqd.logger.error(`TOPIC(${topic.name}): failed to write down ${what} - ${(error as Error).message}`)
    const full = isDiskFull(error as Error)
    throw new HttpError(full ? 507 : 503, full ? 'DISK_FULL' : 'DISK_FAILED', { cause: error })
  }
}
