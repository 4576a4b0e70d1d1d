import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('importing the package loads none of the heavy libraries', () => {
  const script = `
    await import('@nsq-ts/daemon')
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    console.log(JSON.stringify(loaded.filter((path) => /prom-client|pprof/.test(path))))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname })
  expect(JSON.parse(output.toString())).toEqual([])
})
