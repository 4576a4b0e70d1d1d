import { expect, test } from 'vitest'
import { startAdmin } from './fixtures/admin.ts'
import { nsqadminTable } from '../server/options.ts'

const LOOKUPD = { lookupdHttpAddresses: ['127.0.0.1:1'] }

test('every option is shown under its key, as text or as JSON', async () => {
  await using admin = await startAdmin({ ...LOOKUPD, adminUsers: ['a'], basePath: 'x/../adm/' })
  const value = async (key: string) => (await admin.get(`/adm/config/${key}`)).text
  for (const { key } of Object.values(nsqadminTable)) {
    if (key !== null) expect((await admin.get(`/adm/config/${key}`)).status).toBe(200)
  }
  expect(await value('base_path')).toBe('/adm')
  expect(await value('admin_users')).toBe('["a"]')
  expect(await value('statsd_interval')).toBe('60000000000')
  expect(await value('proxy_graphite')).toBe('false')
  expect(await value('graphite_url')).toBe('')
  expect((await admin.get('/adm/config/lookupd_http_address')).json).toEqual({ message: 'INVALID_OPTION' })
})

test('two options can be changed; everything else is refused', async () => {
  await using admin = await startAdmin(LOOKUPD)
  const put = async (key: string, body?: string) => {
    const { status, text } = await admin.call('PUT', `/config/${key}`, { body })
    return [status, text]
  }
  expect(await put('log_level', 'WARN')).toEqual([200, '3']) // lines of the audit come all the same
  expect(await put('log_level', '"info"')).toEqual([400, '{"message":"INVALID_VALUE"}'])
  expect(await put('nsqlookupd_http_addresses', '["a:1","b:2"]')).toEqual([200, '["a:1","b:2"]'])
  expect(await put('nsqlookupd_http_addresses', 'null')).toEqual([200, '[]'])
  expect(await put('nsqlookupd_http_addresses', '[1]')).toEqual([400, '{"message":"INVALID_VALUE"}'])
  expect(await put('admin_users', '["me"]')).toEqual([400, '{"message":"INVALID_OPTION"}'])
  expect(await put('log_level', '')).toEqual([413, '{"message":"INVALID_VALUE"}'])
  expect(admin.log.filter((line) => line.includes('AUDIT: change_option'))).toHaveLength(3)
  expect(await put('log_level', 'x'.repeat(1024 * 1024 + 1))).toEqual([413, '{"message":"INVALID_VALUE"}'])
})

test.each([
  ['127.0.0.0/8', 200],
  ['127.0.0.1/8', 200],
  ['10.0.0.0/8', 403],
  ['::/0', 403],
  ['', 200],
])('from %j /config answers %i', async (allowConfigFromCidr, status) => {
  await using admin = await startAdmin({ ...LOOKUPD, allowConfigFromCidr })
  expect((await admin.get('/config/log_level')).status).toBe(status)
  const spoofed = { 'x-forwarded-for': '10.0.0.1' }
  expect((await admin.call('PUT', '/config/log_level', { body: 'info', headers: spoofed })).status).toBe(status)
})
