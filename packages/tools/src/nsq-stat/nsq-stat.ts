// nsq_stat: the figures of a channel over all nsqds, again and again.
import { delay } from '@nsq-ts/daemon'
import { JsonClient } from '../cluster/get-json.ts'
import type { Tool } from '../program/run-tool.ts'
import { timerMs } from '../program/timer.ts'
import { LiveView } from './live-view.ts'
import { checkNsqStatOptions, nsqStatTable } from './options.ts'
import type { NsqStatOptions } from './options.ts'
import { poll } from './poll.ts'
import { RowFormat } from './rows.ts'
import type { FiguresByNode } from './channel-figures.ts'

export const nsqStat: Tool<typeof nsqStatTable> = {
  name: 'nsq_stat',
  table: nsqStatTable,
  stopAtHangup: true,
  examples: [
    {
      what: 'a channel, over all nsqds that have its topic',
      command: 'nsq_stat --lookupd-http-address=127.0.0.1:4161 --topic=orders --channel=billing',
    },
    {
      what: 'ten rows for a file, one a second',
      command:
        'nsq_stat --nsqd-http-address=127.0.0.1:4151 --topic=orders --channel=billing --interval=1s --count=10 > stat.txt',
    },
  ],
  async run({ options, given, log, stop }) {
    checkNsqStatOptions(options, given)
    const client = new JsonClient({ connectMs: options.connectTimeoutMs, requestMs: options.requestTimeoutMs }, stop)
    const show = view(options, process.stdout.isTTY === true)
    const rows = given.has('count') ? options.count : Infinity
    try {
      // The first look is what the first row is compared with.
      for (let look = 0; look <= rows && !stop.aborted; look++) {
        process.stdout.write(show(await poll(client, options, log)))
        await delay(timerMs(options.intervalMs), stop)
      }
    } catch (error) {
      if (!stop.aborted) throw error // else it is what was given up
    } finally {
      await client.close()
    }
  },
}

function view(options: NsqStatOptions, isTerminal: boolean): (nodes: FiguresByNode) => string {
  if (options.view === 'live' || (options.view === 'auto' && isTerminal)) {
    const live = new LiveView(options, performance.now())
    return (nodes) => live.next(nodes, performance.now())
  }
  const rows = new RowFormat(options.intervalMs)
  return (nodes) => rows.next(nodes)
}
