import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nsqd-data-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a data path that is missing is made', async () => {
  const dataPath = join(temporaryFolder(), 'data')
  await using nsqd = await startNsqd(`--data-path=${dataPath}`)
  expect(nsqd.logged[0]).toBe(`INFO: made the data path ${dataPath}`)
  expect(readdirSync(dataPath)).toContain('nsqd.dat')
})

test('one whose parent is missing too is not: that is no place that anybody meant', async () => {
  const parent = join(temporaryFolder(), 'missing')
  const start = startNsqd(`--data-path=${parent}/data`)
  await expect(start).rejects.toThrow(`failed to lock data-path: open ${parent}/data: no such file or directory`)
  expect(existsSync(parent)).toBe(false)
})

test('a file in its place is refused', async () => {
  await expect(startNsqd('--data-path=/dev/null')).rejects.toMatchObject({ name: 'StartError' })
})
