// The README's programs, as they stand there, against a real nsqd.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { hasBroker, startNsqd } from './support/broker.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const programs = [...README.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!)

test.skipIf(!hasBroker)('each program runs as it stands', async () => {
  await using first = await startNsqd()
  await using second = await startNsqd()
  // Beside this file, so that the programs find the packages they import.
  const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'))
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const trouble = vi.spyOn(console, 'error').mockImplementation(() => {})
  try {
    for (const [index, code] of programs.entries()) {
      const file = join(folder, `program-${index}.ts`)
      const here = code.replaceAll('127.0.0.1:4150', first.address).replaceAll('127.0.0.1:4152', second.address)
      await writeFile(file, here)
      await import(file)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const printed = log.mock.calls.map((values) => values.join(' '))
  expect(programs.length).toBe(7)
  for (const line of ['published', 'order 1: tea', 'booked p-1', 'publish 1 to spans']) expect(printed).toContain(line)
  expect(printed.some((line) => /^send 3 the handler threw at attempt 3: no such address to nobody$/.test(line))).toBe(
    true,
  )
  expect(printed.some((line) => /^\d clicks$/.test(line))).toBe(true)
  vi.restoreAllMocks()
  expect(trouble.mock.calls).toEqual([])
})
