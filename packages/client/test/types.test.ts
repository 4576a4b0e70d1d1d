import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the types take what is right and refuse what is wrong', async () => {
  const tsc = fileURLToPath(new URL('../../../node_modules/.bin/tsc', import.meta.url))
  const project = fileURLToPath(new URL('./types/tsconfig.json', import.meta.url))
  const result = await promisify(execFile)(tsc, ['-p', project]).catch((error: { stdout: string }) => error)
  expect(result.stdout).toBe('')
})
