// nsq_to_file: messages into files, each topic into its own.
import { EarlyExit, Logger, VERSION } from '@nsq-ts/daemon'
import type { Tool } from '../program/run-tool.ts'
import { checkLevel, checkNsqToFileOptions, nsqToFileTable } from './options.ts'
import { TopicLogs } from './topic-logs.ts'

export const nsqToFile: Tool<typeof nsqToFileTable> = {
  name: 'nsq_to_file',
  table: nsqToFileTable,
  examples: [
    {
      what: 'a topic into a file an hour',
      command: 'nsq_to_file --nsqd-tcp-address=127.0.0.1:4150 --topic=orders --output-dir=/var/log/nsq',
    },
    {
      what: 'all topics, compressed, a file for every gigabyte; others see only whole ones',
      command:
        'nsq_to_file --lookupd-http-address=127.0.0.1:4161 --topic-pattern=. --gzip --rotate-size=1000000000 --work-dir=/data/work --output-dir=/data/done',
    },
  ],
  async run({ options, rest, log, stop }) {
    const level = checkLevel(options, rest)
    if (options.showVersion) throw new EarlyExit(0, { stdout: `nsq_to_file v${VERSION}\n` })
    const pattern = checkNsqToFileOptions(options)
    const logger = new Logger({ prefix: options.logPrefix, level })
    const topics = new TopicLogs(options, pattern, logger, log)
    const onHangup = (): void => topics.hangUp()
    process.on('SIGHUP', onHangup)
    try {
      await topics.run(stop)
    } finally {
      process.off('SIGHUP', onHangup)
    }
  },
}
