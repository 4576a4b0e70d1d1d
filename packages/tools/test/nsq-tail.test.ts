import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Producer } from '@nsq-ts/client'
import { eventually } from '../../../test/support/eventually.ts'
import { channelDone, numbered, publishLines, startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

let cluster: Cluster
let topicNumber = 0
let topic: string

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(() => void (topic = `topic${++topicNumber}`))

test('-n counts over all topics, and what was printed is finished', async () => {
  await publishLines(cluster.a, topic, numbered('l', 10))
  await publishLines(cluster.a, `${topic}b`, numbered('r', 10))
  const args = [
    `--nsqd-tcp-address=${tcp(cluster.a)}`,
    `--topic=${topic}`,
    `--topic=${topic}b`,
    '--channel=ch',
    '-n',
    '7',
  ]
  const { code, lines } = await runToEnd('nsq_tail', args)
  expect({ code, count: lines.length }).toEqual({ code: 0, count: 7 })
  const stats = await Promise.all(
    [topic, `${topic}b`].map((name) => cluster.a.channel(name, 'ch').catch(() => undefined)),
  )
  const left = stats.reduce((sum, each) => sum + (each?.depth ?? 10), 0)
  expect(left).toBe(13)
  expect(stats.map((each) => each?.in_flight_count ?? 0)).toEqual([0, 0])
})

test('messages of both nsqds, with their topics, through nsqlookupd', async () => {
  await publishLines(cluster.a, topic, ['on a'])
  await publishLines(cluster.b, topic, ['on b'])
  await using tool = new ToolProcess('nsq_tail', [
    `--lookupd-http-address=${cluster.lookupd}`,
    `--topic=${topic}`,
    '--channel=ch',
    '--print-topic',
    '--consumer-opt=lookupd_poll_interval,100ms',
  ])
  await eventually(() => tool.lines.length === 2, { what: 'both are shown' })
  expect(tool.lines.sort()).toEqual([`${topic} | on a`, `${topic} | on b`])
  expect(await tool.quit()).toBe(0)
})

test('--print-headers shows what goes with each message', async () => {
  const producer = new Producer({ nsqd: tcp(cluster.a) })
  await producer.publish(topic, 'one', { headers: { traceparent: '00-1' } })
  await producer.publish(topic, 'two')
  await producer.close()
  const args = [
    `--nsqd-tcp-address=${tcp(cluster.a)}`,
    `--topic=${topic}`,
    '--channel=ch',
    '--print-headers',
    '-n',
    '2',
  ]
  const { lines } = await runToEnd('nsq_tail', args)
  expect(lines).toEqual(['{"traceparent":"00-1"} | one', '{} | two'])
})

test('piped, a body is its bytes; in colour JSON is indented and nothing commands the terminal', async () => {
  const args = [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`]
  await publishLines(cluster.a, topic, ['{"id":12345678901234567890,"a":[true,""]}', '\u001B]0;mine\u0007'])
  const plain = await runToEnd('nsq_tail', [...args, '--channel=plain', '-n', '2'])
  expect(plain.stdout).toBe('{"id":12345678901234567890,"a":[true,""]}\n\u001B]0;mine\u0007\n')
  await publishLines(cluster.a, topic, ['{"id":12345678901234567890,"a":[true,""]}', '\u001B]0;mine\u0007'])
  const shown = await runToEnd('nsq_tail', [...args, '--channel=plain', '-n', '2', '--color=always'])
  expect(shown.stdout).not.toContain('\u001B]')
  // eslint-disable-next-line no-control-regex -- colours
  expect(shown.stdout.replaceAll(/\u001B\[\d+m/g, '')).toBe(
    '{\n  "id": 12345678901234567890,\n  "a": [\n    true,\n    ""\n  ]\n}\n\\u001b]0;mine\\u0007\n',
  )
})

test('a reader that goes away ends it with 1 and without a word, and its messages stay', async () => {
  await publishLines(cluster.a, topic, ['first'])
  await using tool = new ToolProcess('nsq_tail', [
    `--nsqd-tcp-address=${tcp(cluster.a)}`,
    `--topic=${topic}`,
    '--channel=ch',
  ])
  await eventually(() => tool.lines.length === 1, { what: 'the first is shown' })
  await channelDone(cluster.a, topic, 'ch', 1)
  tool.breakStdout()
  await publishLines(cluster.a, topic, ['second'])
  expect(await tool.ended()).toBe(1)
  expect(tool.lastWords).not.toContain('ERROR')
  await eventually(async () => (await cluster.a.channel(topic, 'ch')).depth === 1, { what: 'the second is back' })
})

test('an address that is none, and one where nobody is', async () => {
  for (const [flag, words] of [
    ['--nsqd-tcp-address=host', 'missing port in address'],
    ['--lookupd-http-address=host', 'missing port'],
    ['--nsqd-tcp-address=127.0.0.1:1', 'ECONNREFUSED'],
  ] as const) {
    const { code, lastWords } = await runToEnd('nsq_tail', [flag, '--topic=x'])
    expect({ flag, code, lastWords }).toEqual({ flag, code: 1, lastWords: expect.stringContaining(words) })
  }
})
