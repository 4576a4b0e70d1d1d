import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Canary } from './canary.ts'
import { NsqdProcess } from './nsqd-process.ts'

test('an nsqd process answers, stops with exit code 0 at SIGTERM and leaves nothing behind', async () => {
  let path: string
  {
    await using nsqd = await NsqdProcess.start()
    path = nsqd.dataPath
    expect(await nsqd.http('GET', '/ping')).toEqual({ status: 200, text: 'OK' })
    const canary = await Canary.release(nsqd)
    await canary.stop()
    expect(canary.count).toBeGreaterThan(0)
    expect(await nsqd.stop()).toBe(0)
    expect(nsqd.crash).toBeUndefined()
  }
  expect(existsSync(path)).toBe(false)
})

test('an nsqd that cannot start says why', async () => {
  await expect(NsqdProcess.start(['--max-msg-size=none'])).rejects.toThrow(/max-msg-size/)
})
