#!/usr/bin/env node
// How long nsqd takes to start on what it has on disk, and what that takes of memory, against the targets. Exits with 1
// when one is missed.
//
//   node bench/restart.mjs [--only backlog,deferred,paged]
//
//   backlog   1,000,000 messages of 200 bytes wait in a channel: a start under 2 s, after a clean exit and after kill -9
//   deferred  1,000,000 messages of 1 KB are deferred: under 250 MB resident, a start under 10 s
//   paged     messages on disk that nobody reads: under 1 MB of memory for each million, of 1 KB
//
// A start is over when /stats answers, with everything in it. Linux (/proc); takes 3 GB of disk for a while.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dpub, mpub } from '@nsq-ts/protocol'
import { Client } from './memory/client.mjs'
import { Nsqd } from './memory/nsqd.mjs'

const COUNT = 1_000_000
const BATCH = 500
/** DPUBs that are sent ahead of their answers. */
const AHEAD = 2000
const DEFER_MS = 3_600_000
const BACKLOG_START_TARGET_S = 2
const DEFERRED_START_TARGET_S = 10
const DEFERRED_TARGET_MB = 250
const PAGED_TARGET_MB = 1

const scenarios = { backlog, deferred, paged }
const { values } = parseArgs({ options: { only: { type: 'string', default: Object.keys(scenarios).join(',') } } })
const rows = []
for (const name of values.only.split(',')) {
  if (!Object.hasOwn(scenarios, name))
    throw new RangeError(`--only ${name}: one of ${Object.keys(scenarios).join(', ')}`)
  await onDataPath((dataPath) => scenarios[name](dataPath))
}
console.table(rows)
if (rows.some(({ met }) => met === 'NO')) process.exitCode = 1

async function backlog(dataPath) {
  const nsqd = await started(dataPath)
  await publish(nsqd, COUNT, 200)
  await nsqd.stop('SIGKILL')
  await restart('backlog', dataPath, ({ depth }) => depth === COUNT, BACKLOG_START_TARGET_S)
}

async function deferred(dataPath) {
  const nsqd = await started(dataPath)
  await defer(nsqd, COUNT, 1000)
  noteResident('deferred: published', nsqd)
  await nsqd.stop('SIGKILL')
  const isAll = ({ deferred_count: count }) => count === COUNT
  await restart('deferred', dataPath, isAll, DEFERRED_START_TARGET_S, (what, again) => noteResident(what, again))
}

async function paged(dataPath) {
  const nsqd = await started(dataPath, ['--mem-queue-size=0'])
  await publish(nsqd, COUNT / 2, 1000)
  const before = await nsqd.liveMb()
  await publish(nsqd, COUNT, 1000)
  const after = await nsqd.liveMb()
  const objects = after.objects - before.objects
  note('paged: a million more', 'objects, MB', objects, PAGED_TARGET_MB)
  note('paged: a million more', 'buffers, MB', after.buffers - before.buffers)
  noteResident('paged: 1.5 million', nsqd, null)
  await nsqd.stop('SIGKILL')
}

/** Starts after a crash, with the last file as it was left, and after the clean exit that follows. */
async function restart(name, dataPath, isAll, targetS, look = () => {}) {
  for (const how of ['after kill -9', 'after a clean exit']) {
    const startedAt = performance.now()
    const nsqd = await Nsqd.start([], dataPath)
    const [{ channels }] = await nsqd.topics()
    const seconds = (performance.now() - startedAt) / 1000
    if (!isAll(channels[0])) throw new Error(`${name}: not all is there: ${JSON.stringify(channels[0])}`)
    note(`${name}: start ${how}`, 'seconds', seconds, targetS)
    look(`${name}: ${how}`, nsqd)
    await nsqd.stop()
  }
}

async function started(dataPath, flags = []) {
  const nsqd = await Nsqd.start(flags, dataPath)
  await nsqd.http('POST', '/topic/create?topic=topic')
  await nsqd.http('POST', '/channel/create?topic=topic&channel=ch')
  return nsqd
}

async function publish(nsqd, count, size) {
  const producer = await Client.connect(nsqd.tcpPort)
  const batch = mpub('topic', new Array(BATCH).fill(Buffer.alloc(size, 'x')))
  for (let done = 0; done < count; done += BATCH) {
    producer.send(batch)
    await producer.answer()
  }
  producer.close()
}

async function defer(nsqd, count, size) {
  const producer = await Client.connect(nsqd.tcpPort)
  const some = Buffer.concat(new Array(AHEAD).fill(dpub('topic', DEFER_MS, Buffer.alloc(size, 'x'))))
  for (let done = 0; done < count; done += AHEAD) {
    producer.send(some)
    await Promise.all(Array.from({ length: AHEAD }, () => producer.answer()))
  }
  producer.close()
}

function noteResident(what, nsqd, targetMb = DEFERRED_TARGET_MB) {
  const { now, peak } = nsqd.residentMb()
  note(what, 'resident, MB', now, targetMb)
  note(what, 'resident at most, MB', peak)
}

function note(what, figure, value, target = null) {
  const met = target === null ? '' : value <= target ? 'yes' : 'NO'
  rows.push({ what, figure, value: Number(value.toFixed(2)), target: target ?? '', met })
}

async function onDataPath(run) {
  const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-restart-'))
  try {
    await run(dataPath)
  } finally {
    rmSync(dataPath, { recursive: true, force: true })
  }
}
