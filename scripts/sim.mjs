// The crash simulation of nsqd (packages/nsqd/test/disk), for as many seeds as there is time for.
//
//   npm run sim -- --seeds 10000              seeds 1 to 10000, on all cores
//   npm run sim -- --seeds 5000 --from 10001  the next ones
//   npm run sim -- --seed 851                 one of them again, with all that was done in it
/* oxlint-disable unicorn/require-post-message-target-origin -- to threads, not to windows */
import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const SOURCE = new URL('../packages/nsqd/test/disk/support/run-seed.ts', import.meta.url)
/** Seeds that a worker is given at a time. */
const PORTION = 50
/** A simulation takes some 10 ms; one that takes this long does not come to an end. */
const SEED_MS_MAX = 60_000
const PROGRESS_MS = 2000

/** Native modules stay where they are, which the bundle has to be told: it lies elsewhere. */
const nativeOutside = {
  name: 'native-outside',
  setup(bundler) {
    bundler.onResolve({ filter: /^@node-rs\// }, ({ path }) => ({ path: import.meta.resolve(path), external: true }))
  },
}

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '10000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      'keep-going': { type: 'boolean', default: false },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'nsq-sim-'))
  try {
    const bundle = join(folder, 'run-seed.mjs')
    await build({
      entryPoints: [SOURCE.pathname],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      plugins: [nativeOutside],
    })
    if (values.seed !== undefined) return await replay(bundle, whole('seed', values.seed))
    const first = whole('from', values.from)
    const options = { bundle, first, end: first + whole('seeds', values.seeds), keepGoing: values['keep-going'] }
    return await new Run(options).play(whole('jobs', values.jobs))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function whole(name, text) {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} must be a whole number above 0`)
  return number
}

/** All of one simulation. */
async function replay(bundle, seed) {
  process.setSourceMapsEnabled(true)
  const { runSeed } = await import(pathToFileURL(bundle).href)
  const failure = runSeed(seed, Infinity)
  if (failure === null) {
    console.log(`seed ${seed}: everything that was promised held`)
    return 0
  }
  report(seed, failure)
  return 1
}

function report(seed, { error, trace }) {
  console.log(`\n${trace.map((line) => `  ${line}`).join('\n')}\nseed ${seed}: ${error}`)
  console.log(`all of it again: npm run sim -- --seed ${seed}`)
}

/** Hands out seeds to workers, a portion at a time, and says how far they are. */
class Run {
  #options
  #next
  /** What a worker that had to be stopped was to do yet. */
  #left = []
  #done = 0
  #failed = []
  #startedMs = Date.now()

  constructor(options) {
    this.#options = options
    this.#next = options.first
  }

  async play(jobs) {
    const progress = setInterval(() => console.log(this.#state()), PROGRESS_MS)
    try {
      await Promise.all(Array.from({ length: jobs }, () => this.#employ()))
    } finally {
      clearInterval(progress)
    }
    console.log(this.#state())
    if (this.#failed.length > 0) console.log(`failing seeds: ${this.#failed.sort((a, b) => a - b).join(' ')}`)
    return this.#failed.length > 0 ? 1 : 0
  }

  #state() {
    const { first, end } = this.#options
    const seconds = (Date.now() - this.#startedMs) / 1000
    const rate = Math.round(this.#done / seconds)
    return `${this.#done} of ${end - first} seeds, ${this.#failed.length} failed, ${rate}/s`
  }

  #portion() {
    if (this.#failed.length > 0 && !this.#options.keepGoing) return null
    if (this.#left.length > 0) return this.#left.pop()
    const from = this.#next
    const to = Math.min(from + PORTION, this.#options.end)
    this.#next = to
    return from === to ? null : { from, to }
  }

  #employ() {
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./sim-worker.mjs', import.meta.url), {
        workerData: this.#options.bundle,
        execArgv: ['--enable-source-maps'],
      })
      let watch
      let portion
      const give = () => {
        clearTimeout(watch)
        portion = this.#portion()
        if (portion === null) return void worker.terminate().then(resolve, reject)
        worker.postMessage(portion)
      }
      const began = (seed) => {
        clearTimeout(watch)
        watch = setTimeout(() => {
          this.#left.push({ from: seed + 1, to: portion.to })
          this.#fail(seed, { error: `not at its end after ${SEED_MS_MAX / 1000} s`, trace: [] })
          worker.terminate().then(() => this.#employ().then(resolve, reject), reject)
        }, SEED_MS_MAX)
      }
      worker.on('error', reject)
      worker.on('message', ({ began: seed, ended, failure }) => {
        if (seed !== undefined) return began(seed)
        if (ended === undefined) return give()
        this.#done++
        if (failure !== null) this.#fail(ended, failure)
      })
    })
  }

  #fail(seed, failure) {
    this.#failed.push(seed)
    report(seed, failure)
  }
}

process.exitCode = await main()
