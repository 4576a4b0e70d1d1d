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
  /** Called when no sync is under way any more. */
  #afterSync: (() => void)[] = []
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
    this.#commitAll(store)
    if (store.durability === 'fsync' && this.#isAwaited()) this.#sync(store)
    this.#topic.onCommitted()
  }

  /**
   * Writes what `append` appends to the topic's log, behind what others have published; with `fsync` it is on stable storage
   * when this returns, before anybody can have it.
   * @returns false while a sync is under way, whose failure could not be told from ours: nothing was done, and `later` is called after it
   * @throws of the file system; then what was appended was taken back
   */
  takeNow(append: () => void, later: () => void): boolean {
    const { log, store } = this.#topic
    const syncs = store?.durability === 'fsync'
    if (store !== null) this.#commitAll(store)
    if (syncs && this.#syncing) {
      this.#afterSync.push(later)
      return false
    }
    append()
    if (store === null || (store.durability === 'memory' && !log.needsWriting)) {
      log.commit()
      this.#topic.onCommitted()
      return true
    }
    const error = this.#write(log, store, syncs)
    this.#context.onDisk?.(error)
    // A sync counts for all that was written before.
    if (syncs) this.#waiting.get(log)!.settle(log.committed, error)
    if (error !== null) {
      log.rollback()
      throw error
    }
    this.#topic.onCommitted()
    return true
  }

  #commitAll(store: TopicStore): void {
    for (const [log, queue] of this.#waiting) this.#commit(log, queue, store)
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
    const error = this.#write(log, store, false)
    if (error !== null) {
      log.rollback()
      this.#context.onDisk?.(error)
      queue.fail(log.committed, error)
      return
    }
    this.#context.onDisk?.(null)
    if (store.durability !== 'fsync') queue.settle(log.committed, null)
  }

  /** As long as there is something to give up for it. */
  #write(log: Log, store: TopicStore, sync: boolean): Error | null {
    for (;;) {
      try {
        store.beginJournal()
        log.commit(sync)
        return null
      } catch (error) {
        if (this.#context.makeRoom?.(error as Error) !== true) return error as Error
      }
    }
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
      for (const task of this.#afterSync.splice(0)) task()
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
