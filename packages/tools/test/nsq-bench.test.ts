import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { runToEnd } from './support/tool-process.ts'

let cluster: Cluster

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())

async function bench(...flags: string[]): Promise<Record<string, unknown>> {
  const addresses = [cluster.a, cluster.b].map((nsqd) => `--nsqd-tcp-address=${tcp(nsqd)}`)
  const { code, stdout, stderr } = await runToEnd('nsq_bench', [...addresses, '--json', ...flags])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Record<string, unknown>
}

test('what is published is consumed, whichever process does which', async () => {
  const published = await bench('--mode=pub', '--count=2000', '--topic=one')
  expect(published).toMatchObject({ mode: 'pub', published: { messages: 2000 } })
  expect(published['consumed']).toBeUndefined()
  expect(await bench('--mode=sub', '--count=2000', '--topic=one')).toMatchObject({ consumed: { messages: 2000 } })
})

test('both, with more connections than one, and the time a message takes', async () => {
  const summary = await bench('--count=3000', '--connections=2', '--topic=two', '--message-size=50')
  expect(summary).toMatchObject({ published: { messages: 3000 }, consumed: { messages: 3000 }, message_size: 50 })
  const { p50, max } = summary['latency_ms'] as { p50: number; max: number }
  expect(p50).toBeGreaterThan(0)
  expect(max).toBeGreaterThanOrEqual(p50)
})

test('latency is measured at a rate', async () => {
  const summary = await bench('--mode=latency', '--rate=200', '--duration=1s', '--topic=three')
  const { messages } = summary['published'] as { messages: number }
  expect(messages).toBeGreaterThan(20)
  expect(messages).toBeLessThan(420)
})

test('for people it is a few lines; nobody there is an error', async () => {
  const { code, stdout } = await runToEnd('nsq_bench', [`--nsqd-tcp-address=${tcp(cluster.a)}`, '--count=10'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/published +10 messages, \d+\/s/)
  const nobody = await runToEnd('nsq_bench', ['--nsqd-tcp-address=127.0.0.1:1'])
  expect(nobody.code).toBe(1)
  expect(nobody.lastWords).toContain('ECONNREFUSED')
})
