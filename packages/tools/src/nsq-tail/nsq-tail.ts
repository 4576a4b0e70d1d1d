// nsq_tail: shows the messages of topics on standard output.
import { randomInt } from 'node:crypto'
import type { Message } from '@nsq-ts/client'
import type { Tool } from '../program/run-tool.ts'
import { openConsumer } from '../source/open-consumer.ts'
import { runConsumer } from '../source/run-consumer.ts'
import { lineFormat } from './line-format.ts'
import { MessagePrinter } from './message-printer.ts'
import { checkNsqTailOptions, nsqTailTable } from './options.ts'

export const nsqTail: Tool<typeof nsqTailTable> = {
  name: 'nsq_tail',
  table: nsqTailTable,
  examples: [
    {
      what: 'everything that is published from now on',
      command: 'nsq_tail --nsqd-tcp-address=127.0.0.1:4150 --topic=orders',
    },
    {
      what: 'three messages of any nsqd that has the topics, with their topics',
      command: 'nsq_tail --lookupd-http-address=127.0.0.1:4161 --topic=orders --topic=returns --print-topic -n 3',
    },
  ],
  async run({ options, log, stop }) {
    checkNsqTailOptions(options)
    const { messageCount, maxInFlight } = options
    const channel = options.channel === '' ? ownChannel() : options.channel
    const ended = new AbortController()
    const stopOrEnd = AbortSignal.any([stop, ended.signal])
    const printer = new MessagePrinter(process.stdout, messageCount > 0 ? messageCount : Infinity, () => ended.abort())
    const consumers = options.topic.map((topic) => {
      const settings = { tool: 'nsq_tail', topic, channel, maxInFlight: wanted(messageCount, maxInFlight) }
      const consumer = openConsumer(settings, options, log)
      log.line(`Adding consumer for topic: ${topic}`)
      return { consumer, format: lineFormat(topic, options, process.stdout) }
    })
    await Promise.race([
      printer.failed,
      Promise.all(
        consumers.map(({ consumer, format }) => {
          const print = (message: Message): void => printer.print(message, format(message))
          return runConsumer(consumer, stopOrEnd, print, { concurrency: Infinity, manual: true })
        }),
      ),
    ])
  },
}

/** One that nobody else has, and that goes when we go. */
function ownChannel(): string {
  return `tail${String(randomInt(1_000_000)).padStart(6, '0')}#ephemeral`
}

/** More than are to be shown need not be fetched. */
function wanted(messageCount: number, maxInFlight: number): number {
  return messageCount > 0 && messageCount < maxInFlight ? messageCount : maxInFlight
}
