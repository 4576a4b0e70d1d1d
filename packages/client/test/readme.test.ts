// The README's programs, as they stand there, each in a process of its own, against a real nsqd.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { hasBroker, startNsqd } from './support/broker.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const programs = [...README.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!)

/** Runs a program to its end; one that waits for a signal gets it once it has printed `enough`. @returns what it printed */
async function run(file: string, code: string, enough: string): Promise<string[]> {
  await writeFile(file, (await transform(code, { loader: 'ts', format: 'esm', target: 'node20' })).code)
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number]>
  let printed = ''
  let trouble = ''
  let isWaiting = code.includes('SIGTERM')
  child.stdout.on('data', (text: Buffer) => {
    printed += text.toString()
    if (!isWaiting || !printed.includes(enough)) return
    isWaiting = false
    child.kill('SIGTERM')
  })
  child.stderr.on('data', (text: Buffer) => (trouble += text.toString()))
  const [status] = await closed
  expect({ status, trouble }).toEqual({ status: 0, trouble: '' })
  return printed.trimEnd().split('\n')
}

test.skipIf(!hasBroker)('each program runs as it stands', async () => {
  await using first = await startNsqd()
  await using second = await startNsqd()
  // Beside this file, so that the programs find the packages they import.
  const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'))
  const printed: string[] = []
  try {
    for (const [index, code] of programs.entries()) {
      const here = code
        .replaceAll('127.0.0.1:4150', first.address)
        .replaceAll('127.0.0.1:4152', second.address)
        .replaceAll('127.0.0.1:4151', first.httpAddress)
      printed.push(...(await run(join(folder, `program-${index}.mjs`), here, 'order 1: tea')))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  expect(programs.length).toBe(9)
  expect(printed).toEqual(
    expect.arrayContaining([
      'published',
      'order 1: tea',
      'closed: nothing is in flight',
      'booked p-1',
      'publish 1 to spans',
      'invoice 7 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ]),
  )
  expect(printed).toContainEqual(expect.stringMatching(/^\d+ water the plants$/))
  expect(printed).toContainEqual(
    expect.stringMatching(/^send 3 the handler threw at attempt 3: no such address to nobody$/),
  )
  expect(printed).toContainEqual(expect.stringMatching(/^\d clicks$/))
})
