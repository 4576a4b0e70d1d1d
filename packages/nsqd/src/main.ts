import { runDaemon } from '@nsq-ts/daemon'
import { Nsqd } from './nsqd.ts'
import { nsqdTable } from './options.ts'

await runDaemon({
  name: 'nsqd',
  table: nsqdTable,
  create: ({ options, logger, fail, leave }) => new Nsqd(options, logger, fail, leave),
})
