// The commands that everybody who has met NSQ knows, as they stand in many a tutorial: to the letter, with their fixed ports. So
// they run on a host of their own (a network namespace); without one they are skipped.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Hosts, type Program } from '../network/hosts.ts'
import { eventually } from '../support/eventually.ts'

const LOOKUPD = 'nsqlookupd'
const FIRST =
  'nsqd --lookupd-tcp-address=127.0.0.1:4160 -broadcast-address=127.0.0.1 -tcp-address=127.0.0.1:4150 -http-address=0.0.0.0:4151 -data-path=./dataa'
const SECOND =
  'nsqd --lookupd-tcp-address=127.0.0.1:4160 -broadcast-address=127.0.0.1 -tcp-address=127.0.0.1:4152 -http-address=0.0.0.0:4153 -data-path=./datab'
const PUBLISH = `curl -d 'hello world 1' 'http://127.0.0.1:4151/put?topic=test'`
const WATCH = `watch -n 0.5 "curl -s http://127.0.0.1:4151/stats"`

const EXECUTABLES = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))

const obstacle = (await Hosts.obstacle()) ?? missingTool('curl', 'watch')
if (obstacle !== undefined) console.log(`test/commands: skipped, ${obstacle}`)

test.skipIf(obstacle !== undefined)('nsqlookupd, two nsqds, curl and watch work as everybody types them', async () => {
  const hosts = await Hosts.make(1)
  const cwd = await mkdtemp(join(tmpdir(), 'nsq-commands-'))
  onTestFinished(async () => {
    await hosts.close()
    await rm(cwd, { recursive: true, force: true })
  })
  const [host] = hosts.list
  const env = { PATH: `${EXECUTABLES}${delimiter}${process.env['PATH']}`, TERM: 'xterm' }
  const type = (command: string) => new Typed(host!.shell(command, { cwd, env }))

  const lookupd = type(LOOKUPD)
  const first = type(FIRST)
  const second = type(SECOND)
  for (const daemon of [first, second]) await daemon.printed(/TCP: listening on/)
  await lookupd.printed(/IDENTIFY .*TCP:4150 HTTP:4151/)
  await lookupd.printed(/IDENTIFY .*TCP:4152 HTTP:4153/)

  await type(PUBLISH).printed(/OK/)
  await type(PUBLISH.replace('4151', '4153')).printed(/OK/)
  await type(WATCH).printed(/Health: OK[^]*\[test[^]*depth: 1 /) // between them the cursor moves
  await lookupd.printed(/REGISTER category:topic key:test[^]*REGISTER category:topic key:test/)
  const found = JSON.parse(await type(`curl -s 'http://127.0.0.1:4161/lookup?topic=test'`).wholeOutput()) as {
    producers: { tcp_port: number }[]
  }
  expect(new Set(found.producers.map(({ tcp_port: port }) => port))).toEqual(new Set([4150, 4152]))
})

/** A command, and what it has printed so far. */
class Typed {
  readonly #program: Program
  #output = ''

  constructor(program: Program) {
    this.#program = program
    program.all.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
  }

  async printed(pattern: RegExp): Promise<void> {
    await eventually(() => pattern.test(this.#output), { what: `${pattern} is printed`, timeoutMs: 20_000 }).catch(() =>
      expect(this.#output).toMatch(pattern),
    )
  }

  async wholeOutput(): Promise<string> {
    await this.#program
    return this.#output
  }
}

function missingTool(...tools: string[]): string | undefined {
  return tools
    .filter((tool) => {
      try {
        execFileSync('sh', ['-c', `command -v ${tool}`])
        return false
      } catch {
        return true
      }
    })
    .map((tool) => `there is no \`${tool}\` (Debian: apt-get install curl procps)`)[0]
}
