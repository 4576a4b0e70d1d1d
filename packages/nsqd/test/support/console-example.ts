// Worked examples of docs/: the first ```console block of a page, played against an nsqd.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { TestNsqd } from './start-nsqd.ts'

const run = promisify(execFile)

export interface Step {
  readonly command: string
  /** As the page has it; `…` stands for anything. */
  readonly expected: string
}

/** The steps of the first console block of a page in docs/. @throws when there is none */
export function consoleExample(page: string): Step[] {
  const text = readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8')
  const block = /```console\n([\s\S]*?)```/.exec(text)?.[1]
  if (block === undefined) throw new Error(`${page} has no console block`)
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = step.search(/(?<!\\)\n/) // a command goes on behind a backslash
      return { command: step.slice(0, end), expected: step.slice(end + 1).trimEnd() }
    })
}

/** Runs one command with the ports of this nsqd instead of the usual ones. @returns what it printed */
export async function runStep(command: string, nsqd: TestNsqd): Promise<string> {
  const here = command
    .replaceAll('127.0.0.1:4151', `127.0.0.1:${nsqd.httpPort}`)
    .replaceAll(/127\.0\.0\.1([:/])4150/g, `127.0.0.1$1${nsqd.tcpPort}`)
    .replaceAll(/\bcurl /g, 'curl --silent --show-error ')
  const { stdout } = await run('bash', ['-c', here])
  return stdout.trimEnd()
}

/** What a step's output has to look like. */
export function pattern(expected: string): RegExp {
  const parts = expected.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('[^]*?')}$`)
}
