import { expect, test, vi } from 'vitest'
import { delay, TaskGroup } from '../src/index.ts'

const report = () => vi.fn<(name: string, error: unknown) => void>()

test('close stops every task and waits for the last', async () => {
  const onFailure = report()
  const group = new TaskGroup(onFailure)
  const ended: string[] = []
  group.run('slow', async (signal) => {
    await delay(60_000, signal)
    await new Promise((resolve) => setImmediate(resolve))
    ended.push('slow')
  })
  group.run('fast', async () => {
    ended.push('fast')
  })
  await group.close()
  expect(ended.sort()).toEqual(['fast', 'slow'])
  expect(group.size).toBe(0)
  expect(onFailure).not.toHaveBeenCalled()
})

test('a failing task is reported by name and takes nothing else along', async () => {
  const onFailure = report()
  await using group = new TaskGroup(onFailure)
  group.run('bad', () => Promise.reject(new Error('no')))
  group.run('worse', () => {
    throw new Error('synchronously')
  })
  group.run('good', (signal) => delay(60_000, signal).then(() => undefined))
  await vi.waitFor(() => expect(onFailure.mock.calls.map(([name]) => name).sort()).toEqual(['bad', 'worse']), 20_000)
  expect(group.size).toBe(1)
})

test('failing because of the abort is no failure, and nothing starts after close', async () => {
  const onFailure = report()
  const group = new TaskGroup(onFailure)
  group.run('waits', async (signal) => {
    await delay(60_000, signal)
    signal.throwIfAborted()
  })
  await group.close()
  const late = vi.fn<() => Promise<void>>()
  group.run('late', late)
  await group.close()
  expect(onFailure).not.toHaveBeenCalled()
  expect(late).not.toHaveBeenCalled()
})

test('delay says whether it was cut short', async () => {
  const abort = new AbortController()
  expect(await delay(1, abort.signal)).toBe(true)
  const waiting = delay(60_000, abort.signal)
  abort.abort()
  expect(await waiting).toBe(false)
  expect(await delay(60_000, abort.signal)).toBe(false)
})
