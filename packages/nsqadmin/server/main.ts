import './small-heap.ts'
import { runDaemon } from '@nsq-ts/daemon'
import { authLineCommand } from './access/auth-line-command.ts'
import { nsqadminTable } from './options.ts'

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
