import { expect, test } from 'vitest'
import { startAdmin } from './fixtures/admin.ts'
import { fakeUpstream } from './fixtures/fake-upstream.ts'

const LOOKUPD = { lookupdHttpAddresses: ['127.0.0.1:1'] }

test('/render goes to graphite, whatever paths both of us are under, with its own password and without our login', async () => {
  await using graphite = await fakeUpstream(() => ({ text: 'picture' }))
  await using admin = await startAdmin({
    ...LOOKUPD,
    basePath: '/adm',
    graphiteUrl: `http://user:p%40ss@${graphite.address}/graphs/`,
    proxyGraphite: true,
  })
  const headers = {
    authorization: 'Basic eDp5',
    'x-forwarded-for': '10.0.0.1',
    'accept-encoding': 'gzip',
    'x-own': 'a',
  }
  const { status, text } = await admin.get('/adm/render?target=a(b,%20c)&from=-1h', headers)
  expect({ status, text }).toEqual({ status: 200, text: 'picture' })
  const [seen] = graphite.seen
  expect(seen!.url).toBe('/graphs/render?target=a(b,%20c)&from=-1h')
  expect(seen!.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  expect(seen!.headers).toMatchObject({ 'x-forwarded-for': '10.0.0.1, 127.0.0.1', 'x-own': 'a' })
  expect((await admin.get('/render')).status).toBe(404)
  await graphite[Symbol.asyncDispose]()
  expect(await admin.get('/adm/render')).toMatchObject({ status: 502, text: '' })
})

test('without --proxy-graphite there is no /render', async () => {
  await using admin = await startAdmin({ ...LOOKUPD, graphiteUrl: 'http://graphite.example' })
  expect((await admin.get('/render')).status).toBe(404)
})

test.each([
  [{ text: 'no json' }, 500],
  [{ json: [] }, 500],
  [{ json: [{ datapoints: [] }] }, 500],
  [{ json: [{ datapoints: [[null, 1]] }] }, 500],
  [{ json: [{ datapoints: [[90, 1]] }] }, 200],
])('of %j a rate is made, or %i', async (reply, status) => {
  await using graphite = await fakeUpstream(() => reply)
  await using admin = await startAdmin({ ...LOOKUPD, graphiteUrl: `http://${graphite.address}` })
  const answer = await admin.get('/api/graphite?metric=rate&target=x')
  expect(answer.status).toBe(status)
  expect(answer.json).toEqual(status === 200 ? { rate: '1.50' } : { message: 'INTERNAL_ERROR' })
})
