import { afterEach, describe, expect, test } from 'vitest'
import { Channel } from '../../src/core/channel.ts'
import { ChannelJournal } from '../../src/core/channel-journal.ts'
import { ChannelMessages } from '../../src/core/channel-messages.ts'
import { Topic } from '../../src/core/topic.ts'
import type { Extent } from '../../src/log/data-file.ts'
import type { LogFile, LogFiles } from '../../src/log/files.ts'
import { RecordWriter } from '../../src/log/journal-records.ts'
import { journalNumbers, journalPath } from '../../src/log/journal.ts'
import { Log } from '../../src/log/log.ts'
import { LogStore } from '../../src/log/log-store.ts'
import type { Segment } from '../../src/log/segment.ts'
import { TopicStore } from '../../src/log/topic-store.ts'
import { CrashSimulation, type SimulationOptions } from './support/crash-simulation.ts'
import { fileOf, FilesBetween, mendChecksums } from './support/files-between.ts'
import type { SimDisk } from './support/sim-disk.ts'

/** A fault that could be in the program: the simulation has to notice it. */
interface Mutant {
  readonly name: string
  /** What is put between the broker and the disk. */
  readonly wrap?: (disk: SimDisk) => LogFiles
  /** What is changed in the program itself. */
  readonly patch?: () => void
  /** In what lives it shows sooner than in any. */
  readonly lives?: SimulationOptions
  /** Which promise it breaks: how the simulation says so. @default any */
  readonly says?: RegExp
}

/** What makes much be forgiven, and is about none of the mutants. */
const WEIGHTS = { dropOldest: 0, changeDurability: 0 }
const NOTHING_DELETED = { deleteChannel: 0, deleteTopic: 0, emptyTopic: 0, emptyChannel: 0 }
/** Much is finished and swept away, and the power fails. */
const STRAGGLERS: SimulationOptions = {
  durability: 'fsync',
  steps: 120,
  weights: {
    ...WEIGHTS,
    ...NOTHING_DELETED,
    pauseTopic: 0,
    finish: 30,
    sweep: 20,
    cutPower: 5,
    dieSoon: 1,
    kill: 0,
    restart: 0,
    fault: 0,
  },
}
/** The disk fails often, in the middle of publishes that fill several files. */
const FAULTS: SimulationOptions = {
  durability: 'fsync',
  steps: 120,
  weights: { ...WEIGHTS, ...NOTHING_DELETED, publishBatch: 20, fault: 5, cutPower: 4, kill: 3 },
}
/** What is finished is kept, and channels are rewound often. */
const REPLAYS: SimulationOptions = {
  replays: true,
  steps: 120,
  weights: { ...WEIGHTS, deleteTopic: 0, deleteChannel: 0, fault: 0, rewind: 15, emptyTopic: 3, kill: 4 },
}
/** Much is scheduled, and cancelled. */
const SCHEDULES: SimulationOptions = {
  schedules: true,
  durability: 'os',
  weights: { ...WEIGHTS, ...NOTHING_DELETED, publishScheduled: 25, cancel: 30, fault: 0, kill: 6 },
}
/** Much fails, and becomes a dead letter, and is sent back. */
const LETTERS: SimulationOptions = {
  failures: true,
  durability: 'fsync',
  steps: 120,
  weights: {
    ...WEIGHTS,
    ...NOTHING_DELETED,
    pauseTopic: 0,
    fail: 40,
    readLetters: 15,
    sendBack: 25,
    fault: 0,
    kill: 5,
    cutPower: 5,
    dieSoon: 14,
  },
}
/** A mutant that survives so many seeds counts as unnoticed; most are caught within 50. */
const SEEDS_MAX = 3000

const mutants: Mutant[] = [
  {
    name: 'OK before the write',
    wrap: (disk) => between(disk, { write: (file, bytes, start, end, at) => holdBack(file, bytes, start, end, at) }),
  },
  { name: 'OK before the sync', wrap: (disk) => between(disk, { sync: () => {}, syncLater: (_, done) => done(null) }) },
  { name: 'no directory sync', wrap: (disk) => between(disk, { syncDirectory: () => {} }) },
  {
    name: 'retry after a failed fsync',
    wrap: (disk) =>
      between(disk, {
        syncLater: (file, done) => file.syncLater((error) => (error === null ? done(null) : file.syncLater(done))),
      }),
    lives: FAULTS,
  },
  {
    name: 'a short write is taken for a whole one',
    wrap: (disk) =>
      between(disk, {
        write: (file, bytes, start, end, at) => {
          file.write(bytes, start, end, at)
          return end - start
        },
      }),
  },
  {
    name: 'a skipped checksum',
    wrap: (disk) => between(disk, { afterRead: mendChecksums }),
  },
  {
    name: 'the old journal is removed before the new one is there',
    wrap: (disk) =>
      between(disk, {
        beforeCreate: (path) => {
          const [directory, name] = split(path)
          if (!name.startsWith('journal-')) return
          for (const number of journalNumbers(disk.list(directory))) disk.remove(journalPath(directory, number))
        },
      }),
  },
  {
    name: 'moved copies are not synced before what they were made of goes',
    wrap: (disk) =>
      between(disk, {
        sync: (file) => (fileOf(file).includes('/own.') ? undefined : file.sync()),
        syncLater: (file, done) => (fileOf(file).includes('/own.') ? done(null) : file.syncLater(done)),
      }),
    lives: STRAGGLERS,
  },
  {
    name: 'files are removed before the journal knows that nothing is needed of them',
    patch: () => after(LogStore.prototype, 'release', (store) => store.removeCondemned()),
  },
  {
    name: 'a file goes while a segment in it is in use',
    patch: () => {
      const seen = new WeakSet<Extent>()
      after(LogStore.prototype, 'append', (_, segment) => {
        const { extent } = segment as Segment
        if (extent === null || seen.has(extent)) return
        seen.add(extent)
        if (extent.file.live > 1) extent.file.live--
      })
    },
  },
  {
    name: 'a failed write is not undone',
    patch: () => replaced(LogStore.prototype, 'rollback', () => {}),
    lives: FAULTS,
  },
  {
    name: 'what failed to be written stays in the log',
    patch: () => replaced(Log.prototype, 'rollback', () => {}),
  },
  {
    name: 'finished messages are not journalled',
    patch: () => replaced(ChannelJournal.prototype, 'finished', () => {}),
  },
  {
    name: 'delays are not journalled',
    patch: () => replaced(ChannelJournal.prototype, 'deferred', () => {}),
  },
  {
    name: 'moves are not journalled',
    patch: () => replaced(ChannelJournal.prototype, 'moved', () => {}),
    lives: STRAGGLERS,
  },
  {
    name: 'a new channel is journalled after what is published next',
    patch: () => replaced(TopicStore.prototype, 'flushUrgent', () => {}),
  },
  {
    name: 'a rewind is not journalled',
    patch: () => replaced(ChannelJournal.prototype, 'rewound', () => {}),
    lives: REPLAYS,
  },
  {
    name: 'a rewind is overtaken by what was finished before it',
    patch: () => {
      const writeRun = ChannelJournal.prototype.writeRun
      const rewound = ChannelJournal.prototype.rewound
      replaced(
        ChannelJournal.prototype,
        'rewound',
        function (this: ChannelJournal, ...args: Parameters<typeof rewound>) {
          ChannelJournal.prototype.writeRun = () => {}
          rewound.apply(this, args)
          ChannelJournal.prototype.writeRun = writeRun
        },
      )
    },
    lives: REPLAYS,
  },
  {
    name: 'a rewind hands out what is in flight',
    patch: () => replaced(ChannelMessages.prototype, 'forEachHeld', () => {}),
    lives: REPLAYS,
  },
  {
    name: 'it is forgotten that a topic was emptied',
    patch: () => replaced(RecordWriter.prototype, 'retained', () => {}),
    lives: REPLAYS,
  },
  { name: 'ids begin anew', patch: () => replaced(Topic.prototype, 'continueAfter', () => {}) },
  {
    name: 'a cancel is answered before it is journalled',
    patch: () => replaced(Topic.prototype, 'confirm', () => {}),
    lives: SCHEDULES,
    says: /was finished and comes again/,
  },
  {
    name: 'what becomes a dead letter is not announced',
    patch: () => replaced(ChannelJournal.prototype, 'dying', () => {}),
    lives: LETTERS,
    says: /second|comes/,
  },
  {
    name: 'a dead letter is finished at its source before it is written',
    patch: () =>
      replaced(Topic.prototype, 'takeAll', function (this: Topic, ...[messages, announce]: TakeAll): boolean {
        announce(this.log.tail)
        for (const { body, headers } of messages) {
          this.publish(body, 0, body.length)
          this.log.annotate(headers)
        }
        return true
      }),
    lives: LETTERS,
    says: /has lost|second/,
  },
  {
    name: 'a dead letter is handed out before it is on stable storage',
    patch: () => {
      const { commit } = Log.prototype
      replaced(Log.prototype, 'commit', function (this: Log): void {
        commit.call(this, false)
      })
    },
    lives: LETTERS,
    says: /has lost|is lost|second/,
  },
  {
    name: 'dead letters that are found after a kill are taken for safe',
    patch: () => replaced(TopicStore.prototype, 'syncAll', () => {}),
    lives: LETTERS,
    says: /has lost|is lost/,
  },
  {
    name: 'a letter that is sent back is finished before its channel has it',
    patch: () => {
      const { readmit } = Channel.prototype
      replaced(Channel.prototype, 'readmit', function (this: Channel, ...[frames, done]: Readmit): void {
        done(null)
        readmit.call(this, frames, () => {})
      })
    },
    lives: LETTERS,
    says: /has lost|is lost/,
  },
  {
    name: 'a deleted topic stays on disk',
    patch: () => replaced(TopicStore.prototype, 'destroy', () => {}),
  },
]

type TakeAll = Parameters<Topic['takeAll']>
type Readmit = Parameters<Channel['readmit']>

describe('the simulation notices', () => {
  afterEach(() => {
    for (const restore of replacements.splice(0).toReversed()) restore()
  })

  test.each(mutants)('$name', { timeout: 300_000 }, ({ wrap, patch, lives, says = /./ }) => {
    patch?.()
    expect(firstCaught(SEEDS_MAX, wrap, lives)?.message).toMatch(says)
  })

  test.each(Object.entries({ STRAGGLERS, FAULTS, SCHEDULES, LETTERS }))(
    'nothing in lives of %s without one',
    (_, lives) => {
      expect(firstCaught(60, undefined, lives)).toBeUndefined()
    },
  )
})

/** What the simulation says of the first seed that does not hold. */
function firstCaught(
  seeds: number,
  wrap: Mutant['wrap'],
  lives: SimulationOptions = { weights: WEIGHTS },
): Error | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      new CrashSimulation(seed, { ...lives, ...(wrap !== undefined && { wrap }) }).run()
    } catch (error) {
      if (process.env['NSQ_SIM_VERBOSE'] !== undefined)
        console.log(`caught by seed ${seed}: ${(error as Error).message}`)
      return error as Error
    }
  }
  return undefined
}

function between(disk: SimDisk, changes: ConstructorParameters<typeof FilesBetween>[1]): LogFiles {
  return new FilesBetween(disk, changes)
}

function split(path: string): [directory: string, name: string] {
  const at = path.lastIndexOf('/')
  return [path.slice(0, at), path.slice(at + 1)]
}

/** Runs something after each call of a method. */
function after<T extends object>(prototype: T, name: keyof T & string, then: (self: T, first: unknown) => void): void {
  const original = prototype[name] as (...args: unknown[]) => unknown
  replaced(prototype, name, function (this: T, ...args: unknown[]): unknown {
    const result = original.apply(this, args)
    then(this, args[0])
    return result
  })
}

const replacements: (() => void)[] = []
/** Puts another method in the place of one until the test is over. vi.spyOn would keep the arguments of millions of calls. */
function replaced<T extends object>(prototype: T, name: keyof T & string, method: (...args: never[]) => unknown): void {
  const original = prototype[name]
  prototype[name] = method as T[typeof name]
  replacements.push(() => (prototype[name] = original))
}

/** The last write of a file reaches the disk with the next one. */
const held = new WeakMap<LogFile, () => void>()
function holdBack(file: LogFile, bytes: Buffer, start: number, end: number, at: number): number {
  held.get(file)?.()
  const copy = Buffer.from(bytes.subarray(start, end))
  held.set(file, () => {
    for (let from = 0; from < copy.length;) from += file.write(copy, from, copy.length, at + from)
  })
  return end - start
}
