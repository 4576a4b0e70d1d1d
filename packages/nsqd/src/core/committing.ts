import { CommitQueue, type CommitWaiter } from '../log/commit-queue.ts'
import type { Log } from '../log/log.ts'
import type { TopicStore } from '../log/topic-store.ts'
import type { CoreContext } from './context.ts'
import type { Topic } from './topic.ts'
import { Phase, type TurnTask } from './turn.ts'

/** Writes what was published in a turn at its end, and tells the publishers when it is as safe as it is to be. */
export class Committing implements TurnTask {
  readonly #context: CoreContext
  readonly #topic: Topic
  readonly #waiting = new Map<Log, CommitQueue>()
  #scheduled = false
  #syncing = false
  #closed = false

  constructor(context: CoreContext, topic: Topic) {
    this.#context = context
    this.#topic = topic
    for (const log of [topic.log, topic.scheduled]) this.#waiting.set(log, new CommitQueue())
  }

  wait(log: Log, waiter: CommitWaiter | undefined, ticket: number): void {
    if (waiter !== undefined) this.#waiting.get(log)!.push(waiter, ticket, log.tail)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#context.turn.schedule(Phase.commit, this)
  }

  endTurn(): void {
    this.#scheduled = false
    const store = this.#topic.store
    if (store === null || this.#closed) return
    for (const [log, queue] of this.#waiting) this.#commit(log, queue, store)
    if (store.durability === 'fsync' && this.#isAwaited()) this.#sync(store)
    this.#topic.onCommitted()
  }

  close(): void {
    this.#closed = true
  }

  /** Tells all that wait. */
  settle(error: Error | null): void {
    for (const queue of this.#waiting.values()) queue.settle(Infinity, error)
  }

  sync(): void {
    const { store } = this.#topic
    if (store === null || !store.unsynced || this.#closed) return
    store.syncJournalLater((error) => {
      if (error !== null) this.#context.onDisk?.(error)
    })
    this.#sync(store)
  }

  #commit(log: Log, queue: CommitQueue, store: TopicStore): void {
    if (log.committed === log.tail) return
    try {
      store.beginJournal()
      log.commit()
    } catch (error) {
      log.rollback()
      this.#context.onDisk?.(error as Error)
      queue.fail(log.committed, error as Error)
      return
    }
    this.#context.onDisk?.(null)
    if (store.durability !== 'fsync') queue.settle(log.committed, null)
  }

  /** One sync at a time; who publishes while it runs shares the next. */
  #sync(store: TopicStore): void {
    if (this.#syncing) return
    const targets = Array.from(this.#waiting, ([log, queue]) => ({ log, queue, position: log.committed }))
    this.#syncing = true
    store.syncLater((error) => {
      this.#syncing = false
      this.#context.onDisk?.(error)
      for (const { log, queue, position } of targets) {
        // What follows goes into a new file; what was written while the sync ran lies in the one that failed.
        if (error !== null) log.seal()
        queue.settle(error === null ? position : log.committed, error)
      }
      // What was published and not written yet is no reason: the end of the turn sees to it.
      if (!this.#closed && store.durability === 'fsync' && store.unsynced && this.#isAwaited()) this.#sync(store)
    })
  }

  /** Somebody waits for what was written; who waits for what was not is not helped by a sync. */
  #isAwaited(): boolean {
    for (const [log, queue] of this.#waiting) if (queue.first <= log.committed) return true
    return false
  }
}
