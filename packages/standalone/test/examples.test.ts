import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const example = (name: string) => fileURLToPath(new URL(`examples/${name}`, import.meta.url))

test('the node:test example passes under node:test', async () => {
  // Under NODE_TEST_CONTEXT node would report to a parent that is not there.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--test', '--test-reporter=tap', example('node-test.mjs')],
    { env },
  )
  expect(stdout).toMatch(/^# pass 1$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

test.each(['vitest.test.ts', 'node-test.mjs'])('the README shows %s as it is', (name) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain(readFileSync(example(name), 'utf8').trim())
})
