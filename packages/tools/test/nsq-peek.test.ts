import { setTimeout as sleep } from 'node:timers/promises'
import { Consumer } from '@nsq-ts/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { holdFor, parseCondition } from '../src/nsq-peek/json-path.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

let nsqd: NsqdProcess
let topicNumber = 0
let topic: string
let source: string[]

beforeAll(async () => void (nsqd = await NsqdProcess.start(['--max-attempts-for=*/fails=1'])))
afterAll(() => nsqd[Symbol.asyncDispose]())
beforeEach(async () => {
  topic = `topic${++topicNumber}`
  source = [`--nsqd-http-address=127.0.0.1:${nsqd.httpPort}`, `--topic=${topic}`]
  await nsqd.http('POST', `/topic/create?topic=${topic}`)
})

async function publish(channel: string, ...bodies: string[]): Promise<void> {
  await nsqd.http('POST', `/channel/create?topic=${topic}&channel=${channel}`)
  await nsqd.http('POST', `/mpub?topic=${topic}`, bodies.join('\n'))
  await eventually(async () => (await nsqd.channel(topic, channel)).depth >= bodies.length, { what: 'it is there' })
}

/** The bodies that `--json` shows. */
async function shown(...args: string[]): Promise<string[]> {
  const { code, lines } = await runToEnd('nsq_peek', [...source, '--json', ...args])
  expect(code).toBe(0)
  return lines.map((line) => (JSON.parse(line) as { body: string }).body)
}

test('shows messages and consumes none', async () => {
  await publish('ch', 'one', '{"a":1}', 'three')
  const { code, stdout } = await runToEnd('nsq_peek', [...source, '--channel=ch', '-n', '2'])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^[0-9a-f]{16} {2}\S+Z {2}ready {2}0 attempts {2}3 bytes\none\n\n[0-9a-f]{16} .*\n\{"a":1\}\n\n$/,
  )
  expect((await nsqd.channel(topic, 'ch')).depth).toBe(3)
  expect(await shown('--channel=ch', '-n', '0', '--offset=1')).toEqual(['{"a":1}', 'three'])
})

test('whoever has seen enough closes the pipe, and hears nothing of that', async () => {
  await publish('ch', ...Array.from({ length: 300 }, () => 'x'.repeat(1000)))
  await using tool = new ToolProcess('nsq_peek', [...source, '--channel=ch', '-n', '0'])
  tool.breakStdout()
  expect(await tool.ended()).toBe(1)
  expect(tool.stderr).toBe('')
})

test('by text, and by values in JSON', async () => {
  const bodies = [7, 8, 7].map((id, i) => JSON.stringify({ customer: { id }, items: [{ name: `n${i}` }], done: false }))
  await publish('ch', ...bodies, 'no json')
  expect(await shown('--channel=ch', '--contains=json')).toEqual(['no json'])
  expect(await shown('--channel=ch', '--where=customer.id=7')).toEqual([bodies[0], bodies[2]])
  expect(await shown('--channel=ch', '--where=customer.id=7', '--where=items[0].name=n2')).toEqual([bodies[2]])
  expect(await shown('--channel=ch', '--where=done=true')).toEqual([])
})

test('what waits in a topic itself, and what is deferred', async () => {
  await nsqd.http('POST', `/pub?topic=${topic}`, 'waits')
  await nsqd.http('POST', `/pub?topic=${topic}&defer=1h`, 'later')
  expect(await shown()).toEqual(['waits'])
  expect(await shown('--state=deferred')).toEqual(['later'])
})

test('dead letters: looked at, and sent back', async () => {
  expect(await shown('--channel=fails', '--dead').catch((error: unknown) => error)).toBeInstanceOf(Error)
  await publish('fails', 'bad', 'worse')
  expect(await shown('--channel=fails', '--dead')).toEqual([])
  const consumer = new Consumer({
    topic,
    channel: 'fails',
    nsqd: `127.0.0.1:${nsqd.tcpPort}`,
    requeueDelay: 0,
    backoff: false,
    maxInFlight: 2,
  })
  void consumer.run(() => {
    throw new Error('no')
  })
  await eventually(async () => (await shown('--channel=fails', '--dead')).length === 2, { what: 'they are dead' })
  await consumer.close()
  const { stdout } = await runToEnd('nsq_peek', [...source, '--channel=fails', '--dead', '-n', '1'])
  expect(stdout).toContain('  nsq-reason: requeued\nbad\n')
  const redriven = await runToEnd('nsq_peek', [...source, '--channel=fails', '--redrive', '--contains=worse'])
  expect([redriven.code, redriven.stdout]).toEqual([0, '1 sent back\n'])
  await sleep(0)
  expect(await shown('--channel=fails')).toEqual(['worse'])
  expect(await shown('--channel=fails', '--dead')).toEqual(['bad'])
})

test.each([
  [[], '--topic required'],
  [['--topic=t', '--state=gone'], '--state should be ready, in_flight or deferred'],
  [['--topic=t', '--dead'], '--channel required'],
  [['--topic=t', '--channel=c', '--redrive', '--where=a=1'], '--redrive does not go with --where'],
  [['--topic=t', '--where=a'], '--where should be <path>=<value>'],
  [['--topic=none'], 'TOPIC_NOT_FOUND'],
])('%j leaves with 1 and says why', async (args, reason) => {
  const { code, stderr } = await runToEnd('nsq_peek', [`--nsqd-http-address=127.0.0.1:${nsqd.httpPort}`, ...args])
  expect([code, stderr]).toEqual([1, expect.stringContaining(reason)])
})

test('paths', () => {
  const body = Buffer.from('{"a":{"b":[{"c":"x=y"},2]},"n":null,"__proto__":1}')
  const holds = (text: string): boolean => holdFor([parseCondition(text)], body)
  expect(['a.b[0].c=x=y', 'a.b[1]=2', 'n=null', 'a.b[0]={"c":"x=y"}'].map(holds)).toEqual([true, true, true, true])
  expect(['a.b[2]=', 'a.c=1', 'toString=x', 'a.b=2', 'n.x=1'].map(holds)).toEqual([false, false, false, false, false])
  for (const bad of ['=1', 'a..b=1', 'a[x]=1', '.a=1', 'a']) expect(() => parseCondition(bad)).toThrow('--where')
})
