import { endWithReader } from '@nsq-ts/daemon'
import { runDataTool } from './run.ts'

endWithReader()
const { stderr, stdout } = process
process.exitCode = await runDataTool(process.argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  isTerminal: stderr.isTTY === true,
})
