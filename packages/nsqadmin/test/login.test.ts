import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { AuthFile } from '../server/access/auth-file.ts'
import { authLineCommand } from '../server/access/auth-line-command.ts'
import { hashPassword } from '../server/access/password.ts'
import { Sessions } from '../server/access/sessions.ts'
import { startAdmin } from './fixtures/admin.ts'
import type { RunningAdmin } from './fixtures/admin.ts'
import { startCluster } from './fixtures/cluster.ts'

/** What the command prints, and its exit code. */
async function authLine(args: string[], password: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdin.end(`${password}\n`)
  const code = await authLineCommand(args, { stdin, stdout, stderr })
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

const CHEAP = { N: 1024, r: 8, p: 1 }
const operator = `olga:operator:${await hashPassword('correct horse', CHEAP)}\n`
const viewer = `viktor:viewer:${await hashPassword('battery staple', CHEAP)}\n`

function userFile(...lines: string[]): Disposable & { readonly path: string; write(...lines: string[]): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-users-'))
  const path = join(folder, 'users')
  const write = (...lines: string[]) => writeFileSync(path, lines.join('\n'))
  write(...lines)
  return { path, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

async function logIn(admin: RunningAdmin, user: string, password: string, path = '/api/session') {
  const answer = await admin.post(path, { user, password })
  const [cookie = ''] = answer.headers['set-cookie'] ?? []
  return { ...answer, setCookie: cookie, cookie: cookie.split(';')[0] ?? '' }
}

test('a line has the name, the role, and no password', async () => {
  const { code, stdout } = await authLine(['olga', 'operator'], 'correct horse')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^olga:operator:scrypt\$16384\$8\$5\$[\w-]+\$[\w-]+\n$/)
  expect((await authLine(['olga', 'operator'], 'correct horse')).stdout).not.toBe(stdout) // salted
  for (const args of [[], ['olga'], ['olga', 'admin'], ['o:lga', 'viewer'], ['olga', 'viewer', 'more']]) {
    expect(await authLine(args, 'correct horse')).toMatchObject({ code: 2, stdout: '' })
  }
  expect(await authLine(['olga', 'viewer'], 'short')).toMatchObject({ code: 1, stdout: '' })
})

test('a file that is not as it should be is refused with the line, and what was in force stays', async () => {
  using file = userFile(operator)
  const users = new AuthFile(file.path)
  await users.load()
  const bad = ['', 'olga', 'olga:operator:plain', `olga:root:${operator.split(':')[2]}`, `${operator}${operator}`]
  for (const text of [...bad, `${operator.trim()}:x`, 'x:viewer:scrypt$1048576$8$5$aaaaaaaaaaaaaaaaaaaaaa$bb']) {
    file.write('# a comment', '', text)
    await expect(users.load()).rejects.toThrow(/--auth-file/)
  }
  expect(await users.check('olga', 'correct horse')).toMatchObject({ name: 'olga', role: 'operator' })
  expect(await users.check('olga', 'wrong')).toBeUndefined()
  expect(await users.check('nobody', '')).toBeUndefined()
})

test('without a login nothing is shown but the page; viewers see, operators act', async () => {
  using file = userFile(operator, viewer)
  await using cluster = await startCluster({ nsqds: 1, admin: { authFile: file.path } })
  await cluster.make('t')
  const { admin } = cluster
  for (const path of ['/api/topics', '/api/nodes', '/api/live', '/api/history', '/api/tail/t', '/api/counter']) {
    expect(await admin.get(path)).toMatchObject({ status: 401, json: { message: 'LOGIN_REQUIRED' } })
  }
  expect((await admin.post('/api/topics', { topic: 'x' })).status).toBe(401)
  expect((await admin.get('/config/log_level')).status).toBe(403)
  for (const path of ['/ping', '/api/settings']) expect((await admin.get(path)).status).toBe(200)
  expect((await admin.get('/api/settings')).json.nsqlookupd).toEqual([])
  const stranger = { login_required: true, user: null, role: 'none', is_admin: false }
  expect((await admin.get('/api/session')).json).toEqual(stranger)

  const viktor = await logIn(admin, 'viktor', 'battery staple')
  expect(viktor.json).toEqual({ login_required: true, user: 'viktor', role: 'viewer', is_admin: false })
  expect(viktor.setCookie).toMatch(/^nsqadmin_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
  expect((await admin.get('/api/topics', { cookie: viktor.cookie })).status).toBe(200)
  expect((await admin.get('/api/settings', { cookie: viktor.cookie })).json.nsqlookupd).toHaveLength(1)
  expect((await admin.post('/api/topics/t', { action: 'pause' }, { cookie: viktor.cookie })).status).toBe(403)

  const olga = await logIn(admin, 'olga', 'correct horse')
  const { cookie } = olga
  expect((await admin.post('/api/topics/t', { action: 'pause' }, { cookie })).status).toBe(200)
  const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
  expect((await admin.post('/api/topics/t', { action: 'pause' }, foreign)).status).toBe(403)
  expect(admin.log.some((line) => line.includes('AUDIT: pause_topic "t" by "olga"'))).toBe(true)

  expect((await admin.call('DELETE', '/api/session', { headers: { cookie } })).json).toEqual(stranger)
  expect((await admin.get('/api/topics', { cookie })).status).toBe(401)
  expect((await admin.get('/api/topics', { cookie: viktor.cookie })).status).toBe(200)

  file.write(operator) // viktor is gone
  await admin.admin.reload()
  expect((await admin.get('/api/topics', { cookie: viktor.cookie })).status).toBe(401)
})

test('scripts send Basic credentials of the same users', async () => {
  using file = userFile(operator, viewer)
  await using admin = await startAdmin({ lookupdHttpAddresses: ['127.0.0.1:1'], authFile: file.path })
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  expect((await admin.get('/api/topics', basic('viktor:battery staple'))).status).toBe(502)
  expect((await admin.get('/config/log_level', basic('viktor:battery staple'))).status).toBe(403)
  expect((await admin.get('/config/log_level', basic('olga:correct horse'))).status).toBe(200)
  expect((await admin.get('/api/topics', basic('olga:wrong'))).status).toBe(401)
  expect((await admin.get('/api/topics', basic('olga'))).status).toBe(401)
})

test('passwords cannot be tried out: after ten attempts a user has to wait, others do not', async () => {
  using file = userFile(operator, viewer)
  await using admin = await startAdmin({ lookupdHttpAddresses: ['127.0.0.1:1'], authFile: file.path })
  for (let attempt = 1; attempt <= 10; attempt++) {
    expect(await logIn(admin, 'olga', 'wrong')).toMatchObject({
      status: 401,
      json: { message: 'INVALID_CREDENTIALS' },
      setCookie: '',
    })
  }
  const refused = await logIn(admin, 'olga', 'correct horse')
  expect(refused).toMatchObject({ status: 429, json: { message: 'TOO_MANY_ATTEMPTS' } })
  expect(refused.headers['retry-after']).toBe('60')
  const basic = { authorization: `Basic ${Buffer.from('olga:correct horse').toString('base64')}` }
  expect((await admin.get('/api/topics', basic)).status).toBe(401)
  expect((await logIn(admin, 'viktor', 'battery staple')).status).toBe(200)
})

test('another site can neither log a browser in nor out', async () => {
  using file = userFile(operator)
  await using admin = await startAdmin({ lookupdHttpAddresses: ['127.0.0.1:1'], authFile: file.path })
  const headers = { origin: 'http://evil.example' }
  expect((await admin.post('/api/session', { user: 'olga', password: 'correct horse' }, headers)).status).toBe(403)
  expect((await admin.call('DELETE', '/api/session', { headers })).status).toBe(403)
})

test('the cookie is for the base path, and for HTTPS alone where a proxy says that it is', async () => {
  using file = userFile(operator)
  await using admin = await startAdmin({
    lookupdHttpAddresses: ['127.0.0.1:1'],
    authFile: file.path,
    basePath: '/adm',
    sessionLifetimeMs: 60_000,
  })
  const body = { user: 'olga', password: 'correct horse' }
  const answer = await admin.post('/adm/api/session', body, { 'x-forwarded-proto': 'https' })
  expect(answer.headers['set-cookie']?.[0]).toMatch(/; Path=\/adm; Max-Age=60; HttpOnly; SameSite=Strict; Secure$/)
})

test('where there is no --auth-file there is no login', async () => {
  await using admin = await startAdmin({ lookupdHttpAddresses: ['127.0.0.1:1'] })
  expect(await logIn(admin, 'a', 'b')).toMatchObject({ status: 404, json: { message: 'NO_LOGIN' } })
})

test('a session ends with its time, and the oldest when there are too many', () => {
  let now = 0
  const sessions = new Sessions(1000, () => now)
  const first = sessions.begin('a')
  now = 999
  expect(sessions.user(first)).toBe('a')
  now = 1000
  expect(sessions.user(first)).toBeUndefined()
  const second = sessions.begin('b')
  expect(sessions.size).toBe(1)
  for (let more = 0; more < 10_000; more++) sessions.begin('c')
  expect(sessions.size).toBe(10_000)
  expect(sessions.user(second)).toBeUndefined()
})
