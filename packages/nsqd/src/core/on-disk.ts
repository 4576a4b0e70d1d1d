// What becomes of all that a topic has when more, or less, of it is to be on disk.
import type { Log } from '../log/log.ts'
import type { Durability, TopicStore } from '../log/topic-store.ts'

/**
 * Changes when a publish is answered. Where more is promised from now on, it is true of what is in the logs already when
 * this returns.
 * @throws of the file system; then all is as it was
 */
export function changeDurability(store: TopicStore, logs: readonly Log[], durability: Durability): void {
  // What comes next goes elsewhere: the file of what is written in part may be finished when it would be written on.
  for (const log of logs) log.seal()
  if (store.durability === 'memory' && logs.some(({ tail }) => tail > 0)) {
    store.beginJournal()
    for (const log of logs) log.writeAll()
    store.flush()
  }
  if (durability === 'fsync') store.syncAll()
  store.changeDurability(durability)
}

/** The end of the process: writes all of the logs, and a last snapshot. @returns what failed first; the rest was done all the same */
export function writeForGood(store: TopicStore, logs: readonly Log[]): Error | null {
  const writes = logs.map((log) => () => log.writeAll())
  let failure: Error | null = null
  for (const step of [...writes, () => store.prepare(), () => store.close()]) {
    try {
      step()
    } catch (error) {
      failure ??= error as Error
    }
  }
  return failure
}
