// The package as it is published: packed, unpacked into an application of its own, compiled against and run there. The optional
// packages are not installed in it.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasBroker, startNsqd } from './support/broker.ts'

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))
const TOOLS = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url))
const TYPES = fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))
const run = promisify(execFile)
let application = ''

beforeAll(async () => {
  application = await mkdtemp(join(tmpdir(), 'nsq-client-packing-'))
  await writeFile(join(application, 'package.json'), '{ "type": "module" }')
  for (const name of ['protocol', 'client']) {
    await run('npm', ['pack', '--pack-destination', application, '--loglevel=error'], { cwd: join(PACKAGES, name) })
    const folder = join(application, 'node_modules/@nsq-ts', name)
    await mkdir(folder, { recursive: true })
    const archive = (await readdir(application)).find((file) => file.startsWith(`nsq-ts-${name}-`))!
    await run('tar', ['-xzf', join(application, archive), '--strip-components=1', '-C', folder])
  }
})

afterAll(() => rm(application, { recursive: true, force: true }))

test.each([
  ['publint', ['run', '--strict']],
  ['attw', ['--pack', '.', '--profile', 'esm-only']],
])('%s finds nothing wrong', async (tool, args) => {
  await run(join(TOOLS, tool), args, { cwd: join(application, 'node_modules/@nsq-ts/client') })
})

test('an application compiles against it', async () => {
  await writeFile(
    join(application, 'compiled.ts'),
    `
      import { Consumer, json, Producer, type Message } from '@nsq-ts/client'
      import { Reader, Writer } from '@nsq-ts/client/nsqjs'
      interface Order { id: number }
      export const producer = new Producer({ nsqd: 'x', codec: json<Order>() })
      export const consumer = new Consumer({ topic: 't', channel: 'c', nsqd: 'x', codec: json<Order>() })
      export const id = (message: Message<Order>): number => message.body.id
      export const old = [Reader, Writer]
      // @ts-expect-error no order
      void producer.publish('t', 'text')
    `,
  )
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
  ]
  await run(join(TOOLS, 'tsc'), [...options, '--types', 'node', '--typeRoots', TYPES, 'compiled.ts'], {
    cwd: application,
  })
})

test.skipIf(!hasBroker)(
  'it works without the optional packages, and says which are missing where they are asked for',
  async () => {
    await using nsqd = await startNsqd()
    await writeFile(
      join(application, 'program.js'),
      `
      import { Consumer, Producer } from '@nsq-ts/client'
      const nsqd = process.argv[2]
      const producer = new Producer({ nsqd, deflate: true })
      await producer.publish('t', 'hello')
      await producer.close()
      const consumer = new Consumer({ topic: 't', channel: 'c', nsqd })
      for await (const message of consumer) {
        message.finish()
        console.log(message.body.toString())
        break
      }
      await consumer.close()
      const wanting = new Producer({ nsqd, snappy: true })
      wanting.once('disconnect', ({ error }) => {
        console.log(error.code, error.message.includes('snappy'), error.cause.cause.code)
        void wanting.close()
      })
      await wanting.connect().catch(() => {})
    `,
    )
    const { stdout } = await run(process.execPath, ['program.js', nsqd.address], { cwd: application })
    expect(stdout).toBe('hello\nERR_NSQ_CONNECTION true ERR_MODULE_NOT_FOUND\n')
  },
)
