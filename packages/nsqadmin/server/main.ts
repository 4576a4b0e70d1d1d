import { runDaemon } from '@nsq-ts/daemon'
import { authLineCommand } from './access/auth-line-command.ts'
import { Nsqadmin } from './nsqadmin.ts'
import { nsqadminTable } from './options.ts'

const [command, ...rest] = process.argv.slice(2)

if (command === 'auth-line') {
  process.exitCode = await authLineCommand(rest, process)
} else {
  await runDaemon({
    name: 'nsqadmin',
    table: nsqadminTable,
    create: ({ options, logger, fail }) => new Nsqadmin(options, logger, fail),
  })
}
