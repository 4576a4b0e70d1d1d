#!/usr/bin/env node
// npm run bench -- --help
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measure } from './measure.mjs'
import { topFunctions } from './report/profile.mjs'
import { line, tables, targetsMet } from './report/table.mjs'
import { scenarios } from './scenarios/index.mjs'

const USAGE = `usage: npm run bench -- [options]

Plays each scenario against this repository's nsqd, and against another one in turn (A B A B ...), and prints the medians:
messages a second, CPU microseconds of the server per message, its resident memory at the end, publish-to-receive latency.

  --b "<command>"       another nsqd to play against; gets addresses, --data-path and --mem-queue-size added
  --a "<command>"       instead of this repository's nsqd (another branch's, for instance)
  --only <a,b>          only these scenarios: ${scenarios.map(({ name }) => name).join(' ')}
  --runs <n>            how often each (default 3)
  --seconds <n>         how long, where a scenario has no end of its own (default 4)
  --size <bytes>        of a message (default 200)
  --batch <n>           messages of an MPUB (default 200)
  --floor               also an echo server, where a scenario is one request and one answer, and the CPU ratio to it
  --profile             ours with a CPU profile, and the functions on top of it; it slows ours down
  --profile-dir <path>  keep the profiles there, for a browser's developer tools
  --quick               one run of one second, less to move: to see that all of it works, not for figures
  --json <file>         every run of it
`

const ECHO = [process.execPath, fileURLToPath(new URL('server/echo.mjs', import.meta.url))]

const { values: flags } = parseArgs({
  options: {
    a: { type: 'string' },
    b: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    size: { type: 'string', default: '200' },
    batch: { type: 'string', default: '200' },
    floor: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    'profile-dir': { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (flags.help) process.stdout.write(USAGE)
else await bench()

async function bench() {
  const settings = {
    runs: positive('runs', flags.quick ? 1 : 3),
    seconds: positive('seconds', flags.quick ? 1 : 4),
    fill: flags.quick ? 40_000 : 400_000,
    size: positive('size'),
    batch: positive('batch'),
  }
  const chosen = choose(flags.only)
  console.log(
    `${machine()}; messages of ${settings.size} bytes, batches of ${settings.batch}; ${settings.runs} runs of ${settings.seconds} s`,
  )
  const measured = []
  for (const scenario of chosen) measured.push(await measureScenario(scenario, settings))
  process.stdout.write(`\n${tables(measured, !flags.quick)}\n`)
  if (!flags.quick) reportTargets(measured) // a second is too short for figures: most of it is warming up
  if (flags.json !== undefined)
    writeFileSync(flags.json, JSON.stringify({ machine: machine(), settings, measured }, null, 1))
}

function reportTargets(measured) {
  const { met, missed } = targetsMet(measured)
  console.log(`targets: ${met} met, ${missed.length} missed${missed.length === 0 ? '' : `: ${missed.join(', ')}`}`)
}

/** All runs of a scenario, the servers taking turns. */
async function measureScenario(scenario, settings) {
  const profiles = profileFolder(scenario.name)
  const measured = { name: scenario.name, a: [], b: [], floor: [] }
  try {
    for (let run = 0; run < settings.runs; run++) {
      measured.a.push(await measure(scenario, ourCommand(profiles), settings))
      if (flags.b !== undefined) measured.b.push(await measure(scenario, words(flags.b), settings))
      if (flags.floor && scenario.floor) measured.floor.push(await measure(scenario, ECHO, settings))
    }
    console.log(line(measured))
    if (profiles !== undefined)
      process.stdout.write(
        topFunctions(
          profiles,
          measured.a.map((run) => run.window_us),
        ),
      )
  } finally {
    if (profiles !== undefined && flags['profile-dir'] === undefined) rmSync(profiles, { recursive: true })
  }
  return measured
}

function ourCommand(profiles) {
  if (flags.a !== undefined) return words(flags.a)
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  return [process.execPath, ...profiling, fileURLToPath(new URL('../packages/nsqd/bin/nsqd.js', import.meta.url))]
}

function profileFolder(name) {
  const kept = flags['profile-dir']
  if (kept === undefined) return flags.profile ? mkdtempSync(join(tmpdir(), 'nsq-bench-profile-')) : undefined
  const folder = resolve(kept, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

function choose(only) {
  if (only === undefined) return scenarios
  return only.split(',').map((name) => {
    const found = scenarios.find((scenario) => scenario.name === name)
    if (found === undefined) refuse(`there is no scenario ${name}`)
    return found
  })
}

function positive(flag, byDefault) {
  const value = Number(flags[flag] ?? byDefault)
  if (!(value > 0)) refuse(`--${flag} must be a number above 0`)
  return value
}

function refuse(reason) {
  process.stderr.write(`${reason}\n\n${USAGE}`)
  process.exit(2)
}

function words(command) {
  return command.trim().split(/\s+/)
}

function machine() {
  const [first, ...rest] = cpus()
  return `${rest.length + 1} x ${first.model.trim()}, ${process.platform}, Node ${process.version}`
}
