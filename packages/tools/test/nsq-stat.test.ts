import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { publishLines, startCluster } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { startServer } from './support/http-server.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
  for (const nsqd of [cluster.a, cluster.b]) {
    await nsqd.http('POST', '/topic/create?topic=stat')
    await nsqd.http('POST', '/channel/create?topic=stat&channel=ch')
  }
  await publishLines(cluster.a, 'stat', ['1', '2'])
  await publishLines(cluster.b, 'stat', ['3'])
})
afterAll(() => cluster[Symbol.asyncDispose]())

const WHAT = ['--topic=stat', '--channel=ch', '--interval=50ms']

test('an nsqd that does not answer is named, and the others are shown', async () => {
  const args = [
    ...WHAT,
    `--nsqd-http-address=127.0.0.1:${cluster.a.httpPort}`,
    '--nsqd-http-address=127.0.0.1:1',
    '--count=1',
  ]
  const { code, lines, stderr } = await runToEnd('nsq_stat', args)
  expect(code).toBe(0)
  expect(lines).toHaveLength(3)
  expect(stderr).toContain('GET http://127.0.0.1:1/stats')
})

test('an nsqd that goes away in between makes no false rates', async () => {
  await using third = await NsqdProcess.start()
  await third.http('POST', '/topic/create?topic=stat')
  await third.http('POST', '/channel/create?topic=stat&channel=ch')
  await publishLines(third, 'stat', Array.from({ length: 1000 }, String))
  const addresses = [cluster.a, third].map(({ httpPort }) => `--nsqd-http-address=127.0.0.1:${httpPort}`)
  await using tool = new ToolProcess('nsq_stat', [...WHAT, ...addresses])
  await eventually(() => tool.lines.length > 3, { what: 'some rows' })
  await third.kill()
  await tool.says('GET http://127.0.0.1')
  const before = tool.lines.length
  await eventually(() => tool.lines.length > before + 1, { what: 'more rows' })
  expect(await tool.quit()).toBe(0)
  const rates = tool.lines.slice(2).map((line) => line.slice(0, 15).trim())
  expect(new Set(rates)).toEqual(new Set(['0       0']))
})

test('the live view has a line for each nsqd and one for all', async () => {
  const args = [...WHAT, `--lookupd-http-address=${cluster.lookupd}`, '--count=2', '--view=live']
  const { code, stdout } = await runToEnd('nsq_stat', args)
  expect(code).toBe(0)
  const last = stdout.split('\u001B[H\u001B[J').at(-1) ?? ''
  const column = (start: string): string | undefined => {
    const line = last.split('\n').find((each) => each.replace('\u001B[1m', '').startsWith(start))
    return line?.replace('\u001B[1m', '').slice(start.length).trim().split(/\s+/)[2]
  }
  expect(column(`127.0.0.1:${cluster.a.httpPort}`)).toBe('2')
  expect(column(`127.0.0.1:${cluster.b.httpPort}`)).toBe('1')
  expect(column('total')).toBe('3')
})

test('a signal ends it at once, between two looks and while an nsqd hangs', async () => {
  await using hanging = await startServer(() => undefined)
  const addresses = [`127.0.0.1:${cluster.a.httpPort}`, new URL(hanging.url).host]
  for (const [index, signal] of (['SIGINT', 'SIGHUP'] as const).entries()) {
    await using tool = new ToolProcess('nsq_stat', [
      ...WHAT,
      `--nsqd-http-address=${addresses[index]}`,
      '--interval=1h',
    ])
    await eventually(() => tool.lines.length === 2 || hanging.seen.length > 0, { what: 'it is at work' })
    const startedAt = performance.now()
    expect(await tool.quit(signal)).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(4000)
  }
})
