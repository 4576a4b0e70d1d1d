#!/usr/bin/env node
// Plays a golden kit against this repository's servers: node test/support/golden-groups.mjs [KIT_DIR] [options of the kit's run.mjs]
//
// All its scenarios are played, less what NOT_YET names; whoever builds one of these takes its line away. Ends with the line
// `N passed, N failed`, and with 1 when something failed. Scenarios that want a server that is not here are no failures.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Beginnings of `group: name`, and what they wait for. */
const NOT_YET = []
const JOBS = Math.min(4, 2 * availableParallelism())

const root = fileURLToPath(new URL('../..', import.meta.url))
const [kitArgument = join(root, 'test/golden'), ...runnerArguments] = process.argv.slice(2)
const kit = resolve(kitArgument)

const folder = mkdtempSync(join(tmpdir(), 'nsq-golden-groups-'))
try {
  process.exitCode = await play()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function play() {
  const scenarios = join(folder, 'scenarios')
  mkdirSync(scenarios)
  const files = readdirSync(join(kit, 'scenarios')).filter((file) => file.endsWith('.mjs'))
  for (const file of files) writeFileSync(join(scenarios, file), filtered(file))
  for (const [reason, names] of notPlayed(files)) console.log(`not played, for want of ${reason}: ${names.join(', ')}`)
  return run([
    join(kit, 'run.mjs'),
    ...servers(),
    `--scenarios=${scenarios}`,
    `--expected=${join(kit, 'expected')}`,
    `--on-purpose=${join(kit, 'on-purpose.json')}`,
    `--jobs=${JOBS}`,
    ...runnerArguments,
  ])
}

/** A module of scenarios that hands on those of the kit's file that are to be played. */
function filtered(file) {
  const group = basename(file, '.mjs')
  const unplayed = JSON.stringify(NOT_YET.map(([start]) => start).filter((start) => start.startsWith(`${group}:`)))
  return `import define from ${JSON.stringify(pathToFileURL(join(kit, 'scenarios', file)).href)}
const unplayed = ${unplayed}
export default (kit) =>
  define({
    ...kit,
    scenario: (name, ...rest) => {
      if (!unplayed.some((start) => (${JSON.stringify(`${group}: `)} + name).startsWith(start))) kit.scenario(name, ...rest)
    },
  })
`
}

/** What is not played, by what it waits for; only of groups that the kit has. */
function notPlayed(files) {
  const byReason = new Map()
  for (const [start, reason] of NOT_YET) {
    if (!files.includes(`${start.split(':')[0]}.mjs`)) continue
    const name = start.endsWith(':') ? start.slice(0, -1) : `"${start}"`
    byReason.set(reason, [...(byReason.get(reason) ?? []), name])
  }
  return byReason
}

/** Options that name the servers and tools which are built here. */
function servers() {
  const bin = join(root, 'node_modules/.bin')
  const found = ['nsqd', 'nsqlookupd', 'nsqadmin'].filter((name) => isBuilt(join(bin, name)))
  if (found.length === 0) throw new Error(`no server in ${bin}; run \`npm run build\` first`)
  const options = found.flatMap((name) => [`--${name}`, `"${join(bin, name)}"`])
  return isBuilt(join(bin, 'nsq_tail')) ? [...options, '--tools', bin] : options
}

/** An executable that knows its version is one; a package that is not begun has a bin all the same. */
function isBuilt(path) {
  return existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 }).stdout.trim() !== ''
}

function run(args) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: root })
    child.once('error', failed)
    child.once('exit', (code) => done(code ?? 1))
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
  })
}
