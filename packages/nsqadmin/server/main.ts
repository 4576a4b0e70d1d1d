import { setFlagsFromString } from 'node:v8'
import { runDaemon } from '@nsq-ts/daemon'
import { authLineCommand } from './access/auth-line-command.ts'
import { nsqadminTable } from './options.ts'

// Every round leaves megabytes of figures behind that V8 would rather let pile up than collect; here memory is dearer than time.
setFlagsFromString('--heap-growing-percent=20')

const [command, ...rest] = process.argv.slice(2)

if (command === 'auth-line') {
  process.exitCode = await authLineCommand(rest, process)
} else {
  await runDaemon({
    name: 'nsqadmin',
    table: nsqadminTable,
    async create({ options, logger, fail }) {
      const { Nsqadmin } = await import('./nsqadmin.ts') // takes a while, which --version and --help need not
      return new Nsqadmin(options, logger, fail)
    },
  })
}
