import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { roleNeeded } from '../src/http/guard.ts'
import { httpRoutes } from '../src/http/routes.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

let folder: string
let file: string
const TOKENS = `
[[token]]
name = "reader"
role = "read"
token = "look"
[[token]]
role = "publish"
sha256 = "${createHash('sha256').update('say').digest('hex')}"
[[token]]
role = "admin"
token = "rule"
`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsqd-tokens-'))
  file = join(folder, 'tokens.toml')
  writeFileSync(file, TOKENS)
})

afterEach(() => rmSync(folder, { recursive: true }))

async function statusOf(nsqd: TestNsqd, method: string, path: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const body = method === 'GET' ? undefined : 'x'
  const response = await fetch(`http://127.0.0.1:${nsqd.httpPort}${path}`, { method, headers, ...(body && { body }) })
  await response.arrayBuffer()
  return response.status
}

test('every route of the table answers 401 and 403 without the right token', async () => {
  await using nsqd = await startNsqd(`--http-auth-file=${file}`)
  const routes = httpRoutes(nsqd.nsqd)
  expect(routes.length).toBeGreaterThan(20)
  for (const route of routes) {
    const path = route.path.replace(':opt', 'log_level')
    const at = `${route.method} ${path}`
    expect([at, await statusOf(nsqd, route.method, path)]).toEqual([at, 401])
    expect([at, await statusOf(nsqd, route.method, path, 'guess')]).toEqual([at, 401])
    const needed = roleNeeded(route)
    for (const [token, role] of [['look', 'read'] as const, ['say', 'publish'] as const]) {
      if (needed === 'any' || needed === role) continue
      expect([at, token, await statusOf(nsqd, route.method, path, token)]).toEqual([at, token, 403])
    }
  }
})

test('what changes or reveals more than figures needs admin', async () => {
  await using nsqd = await startNsqd(`--http-auth-file=${file}`)
  const open = httpRoutes(nsqd.nsqd).filter((route) => roleNeeded(route) !== 'admin')
  expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
    [
      'GET /config/:opt',
      'GET /info',
      'GET /metrics',
      'GET /ping',
      'GET /ready',
      'GET /stats',
      'POST /mpub',
      'POST /mput',
      'POST /pub',
      'POST /put',
    ].sort(),
  )
})

test('with the right token everything works as ever', async () => {
  await using nsqd = await startNsqd(`--http-auth-file=${file}`)
  expect(await statusOf(nsqd, 'GET', '/stats', 'look')).toBe(200)
  expect(await statusOf(nsqd, 'POST', '/pub?topic=t', 'say')).toBe(200)
  for (const token of ['look', 'say', 'rule']) expect(await statusOf(nsqd, 'GET', '/ping', token)).toBe(200)
  expect(await statusOf(nsqd, 'POST', '/topic/delete?topic=t', 'rule')).toBe(200)
  expect(await statusOf(nsqd, 'GET', '/none', undefined)).toBe(404)
})

test('a changed file holds after SIGHUP, a broken one does not', async () => {
  await using nsqd = await startNsqd(`--http-auth-file=${file}`)
  writeFileSync(file, '[[token]]\nrole = "read"\ntoken = "new"\n')
  nsqd.nsqd.reload()
  expect(await statusOf(nsqd, 'GET', '/stats', 'look')).toBe(401)
  expect(await statusOf(nsqd, 'GET', '/stats', 'new')).toBe(200)
  writeFileSync(file, 'no toml')
  nsqd.nsqd.reload()
  expect(await statusOf(nsqd, 'GET', '/stats', 'new')).toBe(200)
  expect(nsqd.logged.some((line) => line.startsWith('ERROR: HTTP: the tokens were not reloaded'))).toBe(true)
})

describe('a file that cannot be used ends the start', () => {
  test.each([
    ['[[token]]\nrole = "boss"\ntoken = "x"', 'role is one of'],
    ['[[token]]\nrole = "read"', 'needs either'],
    ['[[token]]\nrole = "read"\ntoken = ""', 'needs either'],
    ['[[token]]\nrole = "read"\ntoken = "a"\nsha256 = "b"', 'needs either'],
    ['[[token]]\nrole = "read"\ntoken = "a"\n[[token]]\nrole = "admin"\ntoken = "a"', 'the same as'],
    ['token = "x"', 'are written as'],
    ['no toml', 'Invalid TOML'],
  ])('%j', async (text, reason) => {
    writeFileSync(file, text)
    await expect(startNsqd(`--http-auth-file=${file}`)).rejects.toThrow(reason)
  })
})
