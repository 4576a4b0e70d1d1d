import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { FREE_PORTS, NsqProcess } from './support/nsq-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const UP = /Consume it/

test('it makes the data path, prints true addresses, and stops cleanly at SIGINT', async () => {
  using folder = temporaryFolder()
  await using nsq = new NsqProcess(FREE_PORTS, folder.path)
  await nsq.printed(UP)
  const [, body, url] = await nsq.printed(/curl -d '(.+)' '(.+)'/)
  expect(await (await fetch(url!, { method: 'POST', body: body! })).text()).toBe('OK')
  const [, statsUrl] = await nsq.printed(/curl '(.+stats)'/)
  expect(await (await fetch(statsUrl!)).text()).toContain('[test           ] depth: 1')
  const [, lookupd] = await nsq.printed(/nsqlookupd +TCP .*\n +HTTP +(\S+)/)
  expect(await (await fetch(`http://${lookupd}/ping`)).text()).toBe('OK')
  nsq.kill('SIGINT')
  expect(await nsq.ended()).toBe(0)
  expect(nsq.stderr).toBe('')
  expect(JSON.parse(readFileSync(join(folder.path, 'nsq-data/nsqd.dat'), 'utf8'))).toMatchObject({
    topics: [{ name: 'test' }],
  })
})

test('the page is included, and looks at the daemons beside it', async () => {
  using folder = temporaryFolder()
  const flags = ['--nsqd.broadcast-address=127.0.0.1', '--nsqadmin.base-path=/adm']
  await using nsq = new NsqProcess([...FREE_PORTS, ...flags], folder.path)
  await nsq.printed(UP)
  const [, url] = await nsq.printed(/nsqadmin +page +(http\S+)/)
  const [, , publish] = await nsq.printed(/curl -d '(.+)' '(.+)'/)
  await fetch(publish!, { method: 'POST', body: 'x' })
  await vi.waitFor(async () => {
    const { topics } = (await (await fetch(`${url}/api/topics`)).json()) as { topics: string[] }
    expect(topics).toEqual(['test'])
  })
  const topic = (await (await fetch(`${url}/api/topics/test`)).json()) as { depth: number; message: string }
  expect(topic).toMatchObject({ depth: 1, message: '' })
})

test('without an address there is no page', async () => {
  using folder = temporaryFolder()
  await using nsq = new NsqProcess([...FREE_PORTS, '--nsqadmin.http-address='], folder.path)
  await nsq.printed(UP)
  expect(nsq.stdout).not.toContain('nsqadmin')
})

test('there are no colours where no terminal is', async () => {
  using folder = temporaryFolder()
  await using nsq = new NsqProcess(FREE_PORTS, folder.path)
  await nsq.printed(UP)
  expect(nsq.stdout).not.toContain('\u001b')
})

test.each(['nsqd.tcp', 'nsqd.http', 'nsqlookupd.tcp', 'nsqlookupd.http', 'nsqadmin.http'])(
  'a taken port of %s is named, with the flag that chooses another, and nothing is left running',
  async (listener) => {
    using folder = temporaryFolder()
    const taker = createServer().listen(0, '127.0.0.1')
    const { port } = await new Promise<AddressInfo>((resolve) =>
      taker.once('listening', () => resolve(taker.address() as AddressInfo)),
    )
    await using nsq = new NsqProcess([...FREE_PORTS, `--${listener}-address=127.0.0.1:${port}`], folder.path)
    expect(await nsq.ended()).toBe(1)
    taker.close()
    expect(nsq.stderr).toContain(`port ${port} is taken`)
    expect(nsq.stderr).toContain(`--${listener}-address=127.0.0.1:`)
    expect(nsq.stderr.trim().split('\n')).toHaveLength(1)
    expect(nsq.stdout).toBe('')
  },
)

test('a data path that cannot be made is an error', async () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'file'), '')
  await using nsq = new NsqProcess([...FREE_PORTS, `--data-path=${folder.path}/file/data`])
  expect(await nsq.ended()).toBe(1)
  expect(nsq.stderr).toMatch(/FATAL: cannot make the data path/)
})

test.each([
  ['--nsqd.no-such-flag=1', 2, 'flag provided but not defined: -nsqd.no-such-flag\n'],
  ['--nsqd.mem-queue-size=many', 2, 'invalid value "many" for flag -nsqd.mem-queue-size'],
  ['--nsqd.config=/does/not/exist', 1, '[nsqd] '],
  ['--nsqd.node-id=5000', 1, '--node-id must be [0,1024)'],
])('%s leaves with %i', async (flag, code, text) => {
  using folder = temporaryFolder()
  await using nsq = new NsqProcess([...FREE_PORTS, flag], folder.path)
  expect(await nsq.ended()).toBe(code)
  expect(nsq.stderr).toContain(text)
})

test('flags reach their daemon, before its config file, before what nsq says for all', async () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'here'))
  const config = join(folder.path, 'nsqd.toml')
  writeFileSync(config, 'mem_queue_size = 11\nmax_rdy_count = 22\ndata_path = "/does/not/exist"\n')
  const flags = [`--nsqd.config=${config}`, '--nsqd.mem-queue-size=33', '--data-path=here', '--log-level=info']
  await using nsq = new NsqProcess([...FREE_PORTS, ...flags], folder.path)
  await nsq.printed(UP)
  const [, base] = await nsq.printed(/curl '(.+)\/stats'/)
  const option = async (key: string) => await (await fetch(`${base}/config/${key}`)).text()
  expect(await option('mem_queue_size')).toBe('33')
  expect(await option('max_rdy_count')).toBe('22')
  expect(await option('data_path')).toBe('here')
  expect(nsq.stderr).toMatch(/^\[nsqd\] .* INFO: TCP: listening on /m)
  expect(nsq.stderr).toMatch(/^\[nsqlookupd\] .* INFO: TCP: listening on /m)
})

test('SIGHUP opens the log files anew, its own and a daemon’s', async () => {
  using folder = temporaryFolder()
  const files = ['--log-file=nsq.log', '--log-level=info', '--nsqd.log-file=nsqd.log']
  await using nsq = new NsqProcess([...FREE_PORTS, ...files], folder.path)
  await nsq.printed(UP)
  expect(readFileSync(join(folder.path, 'nsq.log'), 'utf8')).toContain('[nsqlookupd] ')
  expect(readFileSync(join(folder.path, 'nsqd.log'), 'utf8')).toContain('[nsqd] ')
  for (const file of ['nsq.log', 'nsqd.log']) renameSync(join(folder.path, file), join(folder.path, `${file}.1`))
  nsq.kill('SIGHUP')
  await vi.waitFor(
    () => expect(readdirSync(folder.path)).toEqual(expect.arrayContaining(['nsq.log', 'nsqd.log'])),
    20_000,
  )
  nsq.kill('SIGTERM')
  expect(await nsq.ended()).toBe(0)
  expect(readFileSync(join(folder.path, 'nsqd.log'), 'utf8')).toContain('NSQ: bye')
  expect(readFileSync(join(folder.path, 'nsq.log'), 'utf8')).toContain('SIGTERM received')
  expect(nsq.stderr).toBe('')
})
