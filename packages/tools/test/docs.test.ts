import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { executable } from './support/tool-process.ts'

// Every example of docs/tools.md, as a reader would type it, in a folder of its own; only the ports are others.

const PAGE = new URL('../../../docs/tools.md', import.meta.url)
const TOOLS = ['nsq_bench', 'nsq_peek', 'nsq_stat', 'nsq_tail', 'nsq_to_file', 'nsq_to_http', 'nsq_to_nsq', 'to_nsq']

let first: NsqdProcess
let second: NsqdProcess
let folder: string
/** What `timeout 3` is here: on a machine that is busy with other things a tool takes long to start. */
let patienceSeconds = 3

beforeAll(async () => {
  ;[first, second] = await Promise.all([NsqdProcess.start(), NsqdProcess.start()])
  folder = await mkdtemp(join(tmpdir(), 'nsq-tools-docs-'))
  await mkdir(join(folder, 'bin'))
  await Promise.all(TOOLS.map((name) => symlink(executable(name), join(folder, 'bin', name))))
  const startedAt = performance.now()
  await promisify(execFile)(executable('nsq_to_http'), ['--version'])
  patienceSeconds = Math.ceil(Math.max(3, ((performance.now() - startedAt) / 1000) * 8))
})
afterAll(async () => {
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
  await rm(folder, { recursive: true, force: true })
})

const examples = (await readFile(PAGE, 'utf8')).match(/^```console\n[^]*?^```$/gm) ?? []

test('each tool has an example, and its help has some', async () => {
  for (const name of TOOLS) {
    expect(
      examples.filter((example) => example.includes(`$ ${name} `) || example.includes(` ${name} `)).length,
    ).toBeGreaterThan(0)
    const { stdout, stderr } = await promisify(execFile)(executable(name), ['--help'])
    expect({
      name,
      stdout,
      examples: (stderr.split('\nExamples:\n')[1] ?? '').split(`  ${name} `).length - 1 >= 1,
    }).toEqual({
      name,
      stdout: '',
      examples: true,
    })
  }
})

for (const example of examples) {
  const steps = example.split('\n').slice(1, -1)
  test(`${steps[0]}`, async () => {
    let step: { command: string; output: string[] } | undefined
    for (const line of [...steps, '$ ']) {
      if (!line.startsWith('$ ')) {
        step?.output.push(line)
        continue
      }
      if (step !== undefined) await check(step.command, step.output)
      step = { command: line.slice(2), output: [] }
    }
  })
}

async function check(command: string, output: readonly string[]): Promise<void> {
  const { stdout } = await promisify(execFile)('bash', ['-c', withPorts(command)], {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
  })
  const pattern = output.map((line) => `${line.split('…').map(escape).join('.+')}\n`).join('')
  expect(`${command}\n${stdout}`).toMatch(new RegExp(`^${escape(command)}\n${pattern}$`))
}

function withPorts(command: string): string {
  return command
    .replace('--preserve-status 3 ', `--preserve-status ${patienceSeconds} `)
    .replaceAll('127.0.0.1:4150', `127.0.0.1:${first.tcpPort}`)
    .replaceAll('127.0.0.1:4151', `127.0.0.1:${first.httpPort}`)
    .replaceAll('127.0.0.1:5150', `127.0.0.1:${second.tcpPort}`)
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
