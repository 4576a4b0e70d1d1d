import { createServer } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatHostPort, listen, parseHostPort, parsePort } from '../src/index.ts'

test.each([
  ['127.0.0.1:4150', { host: '127.0.0.1', port: '4150' }],
  ['[::1]:4150', { host: '::1', port: '4150' }],
  ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: '1' }],
  [':4150', { host: '', port: '4150' }],
  ['host:', { host: 'host', port: '' }],
  ['localhost:http', { host: 'localhost', port: 'http' }],
])('parseHostPort(%j)', (address, expected) => {
  expect(parseHostPort(address)).toEqual(expected)
})

test.each(['', 'localhost', '::1', '::1:4150', '[::1]', '[::1]4150', '/tmp/nsqd.sock', '[a]b:1', 'a:1:2'])(
  'parseHostPort(%j) is no host and port',
  (address) => {
    expect(parseHostPort(address)).toBeUndefined()
  },
)

test('formatHostPort puts IPv6 into brackets', () => {
  expect([formatHostPort('::1', 1), formatHostPort('a', 2)]).toEqual(['[::1]:1', 'a:2'])
})

test('parsePort takes 0 to 65535', () => {
  expect(['0', '65535', '65536', '-1', 'http', '', '1e3'].map(parsePort)).toEqual([
    0,
    65_535,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('listening on port 0 tells the port, and a taken port is an error with its address', async () => {
  const first = createServer()
  const second = createServer()
  const bound = await listen(first, '127.0.0.1:0')
  expect(bound.text).toBe(`127.0.0.1:${bound.port}`)
  await expect(listen(second, bound.text)).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `listen (${bound.text}) failed - bind: address already in use`,
  })
  await new Promise((resolve) => first.close(resolve))
})

test('a path is a unix socket; an existing file is an address in use', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsq-net-'))
  const path = join(folder, 'sock')
  const first = createServer()
  expect(await listen(first, path)).toEqual({ text: path, port: -1, host: '' })
  await expect(listen(createServer(), path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await new Promise((resolve) => first.close(resolve))
  rmSync(folder, { recursive: true })
})

test.each([['127.0.0.1:99999'], ['127.0.0.1:http'], ['']])('%j cannot be listened on', async (address) => {
  await expect(listen(createServer(), address)).rejects.toMatchObject({ code: 'EINVAL' })
})
