// nsq_bench: load for any nsqd, and what it makes of it.
import { delay } from '@nsq-ts/daemon'
import { Refusal } from '../program/refusal.ts'
import type { Tool } from '../program/run-tool.ts'
import { timerMs } from '../program/timer.ts'
import { demandPort } from '../source/open-consumer.ts'
import { showProgress } from '../terminal/progress.ts'
import { openConsumers, openProducers } from './clients.ts'
import { Drain } from './drain.ts'
import { Load } from './load.ts'
import { checkNsqBenchOptions, nsqBenchTable } from './options.ts'
import type { NsqBenchOptions } from './options.ts'
import { describeSummary, summarize } from './summary.ts'

const NAME = 'nsq_bench'
const LATENCY_RATE = 1000
/** After the last publish, what is still on its way may take so long without a message coming. */
const DRAIN_IDLE_MAX_MS = 2000
const LOOK_MS = 20

export const nsqBench: Tool<typeof nsqBenchTable> = {
  name: NAME,
  table: nsqBenchTable,
  examples: [
    { what: 'publish and consume for ten seconds', command: 'nsq_bench --nsqd-tcp-address=127.0.0.1:4150' },
    {
      what: 'how long a message takes at 5000 a second, as JSON',
      command: 'nsq_bench --nsqd-tcp-address=127.0.0.1:4150 --mode=latency --rate=5000 --json',
    },
  ],
  async run({ options, log, stop }) {
    checkNsqBenchOptions(options)
    const { mode, durationMs } = options
    const publishes = mode !== 'sub'
    const consumes = mode !== 'pub'
    const addresses = options.nsqdTcpAddress.length === 0 ? ['127.0.0.1:4150'] : options.nsqdTcpAddress
    for (const address of addresses) demandPort(address)
    const drain = new Drain()
    const consumers = consumes ? await openConsumers(NAME, options, addresses, drain.take) : []
    const producers = publishes ? await openProducers(NAME, options, addresses) : []
    const load = new Load({ ...options, ...loadOf(options), producers })
    const endProgress = showProgress(log, 'messages', () => load.published + drain.consumed)

    const over = AbortSignal.any([stop, AbortSignal.timeout(timerMs(durationMs))])
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    drain.start()
    try {
      if (publishes) await load.run(over)
      if (mode === 'sub') await consumeBacklog(drain, options.count, over)
      else if (consumes) await consumeRest(drain, load.published, stop)
    } catch (error) {
      throw new Refusal((error as Error).message, { cause: error })
    }
    const seconds = (performance.now() - startedAt) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    endProgress()
    const summary = summarize(options, {
      seconds,
      cpuMicroseconds: user + system,
      published: publishes ? load.published : undefined,
      answerTimes: load.answerTimes,
      consumed: consumes ? drain.consumed : undefined,
      ages: drain.ages,
    })
    process.stdout.write(options.json ? `${JSON.stringify(summary, undefined, 2)}\n` : describeSummary(summary))
    await Promise.all([...consumers, ...producers].map((client) => client.close()))
  },
}

function loadOf({ mode, rate, batchSize }: NsqBenchOptions): { rate: number; batchSize: number } {
  return mode === 'latency' ? { rate: rate === 0 ? LATENCY_RATE : rate, batchSize: 1 } : { rate, batchSize }
}

/** Consumes what is there, until the time is over or so many have come; 0: the time alone counts. */
async function consumeBacklog(drain: Drain, count: number, over: AbortSignal): Promise<void> {
  const wanted = count === 0 ? Infinity : count
  while (!over.aborted && drain.consumed < wanted) await delay(LOOK_MS, over)
}

/** Waits for what has been published, as long as something comes. */
async function consumeRest(drain: Drain, published: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && drain.consumed < published && drain.idleMs < DRAIN_IDLE_MAX_MS) await delay(LOOK_MS, stop)
}
