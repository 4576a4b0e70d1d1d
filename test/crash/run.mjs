// npm run crash: the crash test with settings of one's own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `npm run crash -- [options]

Kills nsqd with SIGKILL in the middle of mixed traffic, again and again, and compares what it then has with what it
had acknowledged.

  --rounds N         rounds for each durability (200); ten share a data path, which is a life
  --durability WORD  os or fsync; without it both
  --seed N           of what the traffic does; by chance when there is none, and printed
  --life N           only this one of the seed's lives
  --long-every N     every so many rounds one of 11 s, in which files are swept (20; 0: none)
`
const options = {
  rounds: { type: 'string', default: '200' },
  durability: { type: 'string', default: '' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  life: { type: 'string', default: '' },
  'long-every': { type: 'string', default: '20' },
  help: { type: 'boolean', default: false },
}

let values
try {
  values = parseArgs({ options }).values
} catch (error) {
  console.error(`${error.message}\n\n${HELP}`)
  process.exit(2)
}
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
console.log(`seed ${String(values.seed)}`)
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const child = spawn(process.execPath, [vitest, 'run', 'test/crash/crash.test.ts', '--disable-console-intercept'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    NSQ_CRASH_ROUNDS: values.rounds,
    NSQ_CRASH_DURABILITY: values.durability,
    NSQ_CRASH_SEED: values.seed,
    NSQ_CRASH_LIFE: values.life,
    NSQ_CRASH_LONG_EVERY: values['long-every'],
    NSQ_CRASH_TELL: '1',
  },
})
child.on('exit', (code) => process.exit(code ?? 1))
