import { defineConfig } from 'vitest/config'

// Files run one after another in each worker; two workers suit the two cores that CI has. Black-box tests start
// daemons, so a slow machine needs room: a test that hangs is stopped after a minute.
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
