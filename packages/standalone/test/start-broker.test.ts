import { existsSync, readdirSync } from 'node:fs'
import { LOG_LEVEL, Logger } from '@nsq-ts/daemon'
import { startBroker } from '@nsq-ts/standalone'
import { expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary-folder.ts'

test('close leaves nothing: no listener, no folder; and may be called again', async () => {
  const broker = await startBroker({ lookupd: true })
  expect(readdirSync(broker.dataPath)).toContain('nsqd.dat')
  await Promise.all([broker.close(), broker.close()])
  expect(existsSync(broker.dataPath)).toBe(false)
  await expect(fetch(`${broker.http.url}/ping`)).rejects.toThrow('fetch failed')
  await expect(fetch(`${broker.lookupd!.http.url}/ping`)).rejects.toThrow('fetch failed')
})

test('brokers do not know each other', async () => {
  await using first = await startBroker()
  await using second = await startBroker()
  await fetch(`${first.http.url}/pub?topic=t`, { method: 'POST', body: 'x' })
  const topics = async (url: string) =>
    ((await (await fetch(`${url}/stats?format=json`)).json()) as { topics: [] }).topics
  expect(await topics(first.http.url)).toHaveLength(1)
  expect(await topics(second.http.url)).toHaveLength(0)
})

test('options are nsqd’s; a data path that was given stays', async () => {
  using folder = temporaryFolder()
  {
    await using broker = await startBroker({ nsqd: { maxMsgSize: 3 }, dataPath: folder.path })
    const answer = await fetch(`${broker.http.url}/pub?topic=t`, { method: 'POST', body: 'four' })
    expect(answer.status).toBe(413)
    await fetch(`${broker.http.url}/topic/create?topic=kept`, { method: 'POST' })
  }
  await using broker = await startBroker({ dataPath: folder.path })
  expect(await (await fetch(`${broker.http.url}/stats`)).text()).toContain('[kept ')
})

test('an option out of its bounds is refused, and nothing is left open', async () => {
  await expect(startBroker({ nsqd: { nodeId: 5000 }, lookupd: true })).rejects.toMatchObject({ name: 'StartError' })
})

test('without HTTP it does not start', async () => {
  await expect(startBroker({ nsqd: { httpAddress: '' } })).rejects.toThrow('httpAddress')
})

test('a logger gets every line of both daemons', async () => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line), reopen() {}, close() {} }
  const logger = new Logger({ prefix: '', level: LOG_LEVEL.info, destination })
  await (await startBroker({ lookupd: true, logger })).close()
  expect(lines.some((line) => line.startsWith('[nsqd] '))).toBe(true)
  expect(lines.some((line) => line.startsWith('[nsqlookupd] '))).toBe(true)
})
