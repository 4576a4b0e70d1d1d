import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const BENCH = fileURLToPath(new URL('../bench/run.mjs', import.meta.url))

test('the benchmark runs', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--messages=2000', '--only=gzip', '--json'])
  const results = JSON.parse(stdout) as { name: string; messagesPerSecond: number; cpuMicroseconds: number }[]
  expect(results.map(({ name }) => name)).toEqual(['nsq_to_file, gzip 6'])
  for (const { messagesPerSecond, cpuMicroseconds } of results) {
    expect(messagesPerSecond).toBeGreaterThan(0)
    expect(cpuMicroseconds).toBeGreaterThan(0)
  }
})
