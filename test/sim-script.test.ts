import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../scripts/sim.mjs', import.meta.url))

test('npm run sim plays seeds on several threads, and one again with all that was done in it', async () => {
  const many = await execa(process.execPath, [SCRIPT, '--seeds', '60', '--jobs', '2'])
  expect(many.stdout).toMatch(/60 of 60 seeds, 0 failed/)
  const one = await execa(process.execPath, [SCRIPT, '--seed', '7'])
  expect(one.stdout).toBe('seed 7: everything that was promised held')
})
