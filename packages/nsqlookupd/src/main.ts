import { runDaemon } from '@nsq-ts/daemon'
import { Nsqlookupd } from './nsqlookupd.ts'
import { nsqlookupdTable } from './options.ts'

await runDaemon({
  name: 'nsqlookupd',
  table: nsqlookupdTable,
  create: ({ options, logger, fail }) => new Nsqlookupd(options, logger, fail),
})
