import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'

test('an nsqd that was drained leaves by itself with exit code 0', async () => {
  await using nsqd = await NsqdProcess.start()
  expect((await nsqd.http('PUT', '/config/drain')).status).toBe(200)
  await eventually(() => !nsqd.running, { what: 'nsqd leaves', timeoutMs: 10_000 })
  expect(await nsqd.stop()).toBe(0)
  expect(nsqd.crash).toBeUndefined()
})

test('one that holds messages when its time is over leaves with exit code 3', async () => {
  await using nsqd = await NsqdProcess.start(['--drain-timeout=200ms'])
  await nsqd.http('POST', '/pub?topic=t', 'x')
  await nsqd.http('PUT', '/config/drain', 'true')
  await eventually(() => !nsqd.running, { what: 'nsqd leaves', timeoutMs: 10_000 })
  expect(await nsqd.stop()).toBe(3)
})
