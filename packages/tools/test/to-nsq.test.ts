import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { numbered, startCluster, tcp } from './support/cluster.ts'
import type { Cluster } from './support/cluster.ts'
import { runToEnd, ToolProcess } from './support/tool-process.ts'

let cluster: Cluster
let topicNumber = 0
let topic: string

beforeAll(async () => void (cluster = await startCluster()))
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(() => void (topic = `topic${++topicNumber}`))

async function count(nsqd: NsqdProcess): Promise<number> {
  return (await nsqd.topics()).find(({ topic_name: name }) => name === topic)?.message_count ?? 0
}

test('every line is at every nsqd when it ends with 0', async () => {
  const input = `${numbered('line', 50_000).join('\n')}\n`
  const addresses = [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--nsqd-tcp-address=${tcp(cluster.b)}`]
  const { code, stdout, stderr } = await runToEnd('to_nsq', [...addresses, `--topic=${topic}`], { input })
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toContain('published 50000 messages')
  expect(await count(cluster.a)).toBe(50_000)
  expect(await count(cluster.b)).toBe(50_000)
})

test('a record that nsqd refuses ends it with 1; all before it are there, none behind it, and that is said', async () => {
  await using nsqd = await NsqdProcess.start(['--max-msg-size=100'])
  const lines = [...numbered('line', 40), 'x'.repeat(200), ...numbered('behind', 40)]
  const args = [`--nsqd-tcp-address=${tcp(nsqd)}`, `--topic=${topic}`]
  const { code, lastWords } = await runToEnd('to_nsq', args, { input: lines.join('\n') })
  expect(code).toBe(1)
  expect(lastWords).toMatch(/E_BAD_MESSAGE.*\(40 messages were published before\)$/)
  expect(await count(nsqd)).toBe(40)
})

test('an nsqd that takes only small bodies gets them all the same', async () => {
  await using nsqd = await NsqdProcess.start(['--max-body-size=500'])
  const args = [`--nsqd-tcp-address=${tcp(nsqd)}`, `--topic=${topic}`]
  const { code } = await runToEnd('to_nsq', args, { input: numbered('line', 600).join('\n') })
  expect(code).toBe(0)
  expect(await count(nsqd)).toBe(600)
})

test('an nsqd that dies ends it with 1 and the number of messages that are safe', async () => {
  await using nsqd = await NsqdProcess.start()
  await using tool = new ToolProcess('to_nsq', [`--nsqd-tcp-address=${tcp(nsqd)}`, `--topic=${topic}`])
  tool.write('one\n')
  await eventually(async () => (await count(nsqd)) === 1, { what: 'the first is there' })
  tool.write('two\n') // goes out once the first is answered
  await eventually(async () => (await count(nsqd)) === 2, { what: 'both are there' })
  await nsqd.kill()
  tool.write('three\n')
  expect(await tool.ended()).toBe(1)
  expect(tool.lastWords).toMatch(/\([12] messages were published before\)$/)
})

test('a signal ends it with 0, whatever is still to be read', async () => {
  await using tool = new ToolProcess('to_nsq', [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`, '--rate=5'])
  tool.write(`${numbered('line', 100).join('\n')}\n`)
  await eventually(async () => (await count(cluster.a)) > 0, { what: 'it is at work' })
  expect(await tool.quit('SIGINT')).toBe(0)
  expect(await count(cluster.a)).toBeLessThan(100)
})

test('a delimiter of any byte, and a version, which the original lacks', async () => {
  const args = [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`, '--delimiter', '\t']
  expect((await runToEnd('to_nsq', args, { input: 'a b\tc\nd\t\te' })).code).toBe(0)
  expect(await count(cluster.a)).toBe(3)
  const { code, stdout } = await runToEnd('to_nsq', ['--version'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'to_nsq v1.3.0\n' })
})

test('an input that can not be read ends it with 1', async () => {
  const args = [`--nsqd-tcp-address=${tcp(cluster.a)}`, `--topic=${topic}`]
  const { code, lastWords } = await runToEnd('to_nsq', args, { shell: 'exec < /' })
  expect(code).toBe(1)
  expect(lastWords).toContain('EISDIR')
})
