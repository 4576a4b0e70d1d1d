import { runDaemon } from '@nsq-ts/daemon'
import { nsqTable, platformOptions } from './options.ts'
import { Platform } from './platform.ts'
import { welcome } from './welcome.ts'

await runDaemon({
  name: 'nsq',
  table: nsqTable,
  create({ options, given, logger, fail, leave }) {
    const wanted = platformOptions(options, given)
    const platform = new Platform(wanted, logger, fail, leave)
    const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
    let started = false
    return {
      async start() {
        await platform.start()
        started = true
        process.stdout.write(welcome({ addresses: platform.addresses, dataPath: wanted.nsqd.dataPath, colours }))
      },
      async close() {
        if (started && process.stdout.isTTY) process.stdout.write('\nStopping.\n') // behind the terminal's ^C
        await platform.close()
      },
      reload: () => platform.reload(),
    }
  },
})
