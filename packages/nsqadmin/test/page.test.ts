import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAdmin } from './fixtures/admin.ts'

const LOOKUPD = { lookupdHttpAddresses: ['127.0.0.1:1'] }
const PAGES = [
  '',
  '/topics',
  '/topics/a%23ephemeral',
  '/topics/a/b',
  '/nodes',
  '/nodes/[::1]:4151',
  '/counter',
  '/lookup',
]

/** A folder with a page as it is built. */
function pageFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'nsqadmin-page-'))
  mkdirSync(join(path, 'assets'))
  writeFileSync(
    join(path, 'index.html'),
    '<!doctype html>\n<html><head>\n<base href="/" /><title>x</title></head></html>',
  )
  writeFileSync(join(path, 'assets/index-AcYkEjdh.js'), `console.log('${'x'.repeat(2000)}')`)
  writeFileSync(join(path, 'favicon.svg'), '<svg/>')
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test.each(['/', '/adm'])(
  'every address of the page below %s is the page, which knows where it is',
  async (basePath) => {
    using folder = pageFolder()
    await using admin = await startAdmin({ ...LOOKUPD, basePath, devStaticDir: folder.path })
    const base = basePath === '/' ? '' : basePath
    const nonces = new Set<string>()
    for (const page of PAGES) {
      const { status, headers, text } = await admin.get(base + page || '/')
      expect({ page, status, type: headers['content-type'] }).toEqual({ page, status: 200, type: 'text/html' })
      expect(text).toContain(`<head>\n    <base href="${base}/" />`)
      expect(text.match(/<base/g)).toHaveLength(1)
      const nonce = /<meta property="csp-nonce" nonce="(\w{32})" \/>/.exec(text)?.[1] ?? ''
      expect(headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`)
      nonces.add(nonce)
    }
    expect(nonces.size).toBe(PAGES.length)
    expect((await admin.get(`${base}/topics/a/b/c`)).json).toEqual({ message: 'NOT_FOUND' })
    if (base !== '') expect((await admin.get('/topics')).status).toBe(404)
  },
)

test('nothing but what the server has may run in the page', async () => {
  await using admin = await startAdmin({ ...LOOKUPD, graphiteUrl: 'http://graphite.example:8080/x' })
  const { headers } = await admin.get('/api/settings')
  const policy = String(headers['content-security-policy'])
  expect(policy).toMatch(/^default-src 'none';script-src 'self' 'nonce-\w+';style-src 'self' 'nonce-\w+';/)
  expect(policy).toContain("img-src 'self' data: http://graphite.example:8080;")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['strict-transport-security']).toBeUndefined()
})

test('files are sent compressed, those with a hash in their name to be kept for a year', async () => {
  using folder = pageFolder()
  await using admin = await startAdmin({ ...LOOKUPD, basePath: '/adm', devStaticDir: folder.path })
  const script = await admin.get('/adm/assets/index-AcYkEjdh.js', { 'accept-encoding': 'gzip' })
  expect(script.status).toBe(200)
  expect(script.headers['content-type']).toMatch(/^\w+\/javascript/)
  expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(script.headers['content-encoding']).toBe('gzip')
  const icon = await admin.get('/adm/favicon.svg')
  expect(icon.headers['cache-control']).toBe('no-cache')
  expect(icon.headers['content-type']).toMatch(/^image\/svg\+xml/)
  for (const path of ['/adm/index.html', '/adm/assets/', '/adm/assets/..%2f..%2fetc/passwd', '/adm/assets/none.js']) {
    expect({ path, status: (await admin.get(path)).status }).toEqual({ path, status: 404 })
  }
  const old = await admin.get('/adm/static/main.js')
  expect(old).toMatchObject({ status: 404, text: 'NOT_FOUND' })
})

test('a page that is not built is told, and the API works', async () => {
  await using admin = await startAdmin({ ...LOOKUPD, devStaticDir: '/nowhere' })
  const { status, text } = await admin.get('/')
  expect(status).toBe(503)
  expect(text).toContain('npm run build')
  expect((await admin.get('/ping')).text).toBe('OK')
})

test('the page is told what it has to know, and no secrets', async () => {
  await using admin = await startAdmin({
    ...LOOKUPD,
    basePath: '/adm',
    graphiteUrl: 'http://user:secret@graphite.example/',
    proxyGraphite: true,
    statsdGaugeFormat: '',
  })
  const { json, text } = await admin.get('/adm/api/settings')
  expect(json).toMatchObject({
    version: '1.3.0',
    base_path: '/adm',
    nsqlookupd: ['127.0.0.1:1'],
    live_interval: 2000,
    graphite: { url: '/adm', statsd_gauge_format: '%s', statsd_interval: 60 },
  })
  expect(text).not.toContain('secret')
})
