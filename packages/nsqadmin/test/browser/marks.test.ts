import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer } from '@nsq-ts/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { startAdmin } from '../fixtures/admin.ts'
import { certificate } from '../fixtures/certificate.ts'
import { startCluster } from '../fixtures/cluster.ts'
import type { RunningNsqd } from '../fixtures/cluster.ts'
import { fakeNsqd, fakeUpstream } from '../fixtures/fake-upstream.ts'
import { violations } from './support/axe.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'

// The words that the page puts beside clients and nodes, what it says of actions that are done in part, and Graphite's pictures.

describe.skipIf(CHROMIUM === undefined)('marks', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('a consumer shows what it has agreed on: TLS, compression, sampling, who it is, its region and zone', async () => {
    const authorizations = [{ topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] }]
    await using authd = await fakeUpstream(() => ({
      json: { ttl: 3600, identity: 'till-team', identity_url: 'http://people.example/till', authorizations },
    }))
    const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-marks-'))
    try {
      const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
      const made = await certificate()
      writeFileSync(tlsCert, made.cert)
      writeFileSync(tlsKey, made.key)
      const place = { topologyRegion: 'europe', topologyZone: 'europe-1' }
      const nsqd = { tlsCert, tlsKey, authHttpAddresses: [authd.address], ...place }
      await using cluster = await startCluster({ nsqds: 1, nsqd, admin: { refreshIntervalMs: 200 } })
      await cluster.make('orders', ['billing'])
      const common = { topic: 'orders', channel: 'billing', nsqd: [cluster.nsqd.tcp], authSecret: 's' }
      const consumers = [
        new Consumer({ ...common, clientId: 'near', tls: { ca: made.cert }, ...place }),
        new Consumer({ ...common, clientId: 'next', snappy: true, ...place, topologyZone: 'europe-2' }),
        new Consumer({ ...common, clientId: 'far', deflate: true, sampleRate: 25, topologyRegion: 'asia' }),
      ]
      for (const consumer of consumers) {
        consumer.on('error', () => {})
        void consumer.run(async () => {}).catch(() => {})
      }
      await using tab = await openPage(browser, `http://${cluster.admin.address}/topics/orders/billing`)
      const { page } = tab
      const row = (name: string) =>
        page
          .getByRole('table', { name: 'Consumers of billing' })
          .getByRole('row')
          .filter({ hasText: `(${name})` })
      for (const [name, marks] of [
        ['near', ['TLS', 'till-team', 'europe', 'europe-1']],
        ['next', ['snappy', 'till-team', 'europe', 'europe-2']],
        ['far', ['deflate', 'sampled 25 %', 'asia']],
      ] as const) {
        for (const mark of marks) await row(name).getByText(mark, { exact: true }).waitFor()
      }
      expect(await row('near').getByText('TLS').getAttribute('title')).toMatch(/^TLS1\.3 TLS_/i)
      expect(await row('near').getByText('europe-1', { exact: true }).getAttribute('title')).toBe(
        'In the zone of its node',
      )
      expect(await row('next').getByText('europe-2').getAttribute('title')).toBe('In the region of its node')
      expect(await violations(page)).toEqual([])
      expect(tab.problems).toEqual([])
      await Promise.all(consumers.map((consumer) => consumer.close({ timeout: 0 })))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a node that is old, slow, or cannot write is marked, with the reason', async () => {
    const topics = () => [{ topic_name: 't', channels: [] }]
    await using fresh = await fakeNsqd({ hostname: 'fresh', version: '1.3.0' }, topics)
    await using old = await fakeNsqd({ hostname: 'old', version: '1.2.0' }, topics)
    await using full = await fakeNsqd({ hostname: 'full', version: '1.3.0' }, topics)
    await using slow = await fakeNsqd({ hostname: 'slow', version: '1.3.0' }, topics)
    const answer = full.answer
    full.answer = (seen) => {
      const reply = answer(seen)
      return seen.url.startsWith('/stats')
        ? { json: { ...(reply?.json as object), health: 'NOK - no space left on device' } }
        : reply
    }
    slow.delayMs = 700
    const nsqdHttpAddresses = [fresh, old, full, slow].map(({ address }) => address)
    await using admin = await startAdmin({ nsqdHttpAddresses, refreshIntervalMs: 500 })
    await using tab = await openPage(browser, `http://${admin.address}/nodes`)
    const { page } = tab
    const row = (address: string) => page.getByRole('row').filter({ hasText: address })
    await row(full.address).getByText('disk', { exact: true }).waitFor()
    await row(slow.address).getByText('slow', { exact: true }).first().waitFor()
    await row(old.address).getByText('old version').waitFor()
    for (const word of ['disk', 'old version', 'down']) expect(await row(fresh.address).getByText(word).count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: full.address }).click()
    await page.getByText('It says: NOK - no space left on device').waitFor()
    await page.goto(`http://${admin.address}/`)
    const problems = page.getByRole('list', { name: 'Problems' })
    await problems.getByRole('link', { name: full.address }).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('an action that not every node took part in is done, and says which did not, and why', async () => {
    await using cluster = await startCluster({ lookupd: false, admin: { refreshIntervalMs: 200 } })
    const [up, down] = cluster.nsqds as [RunningNsqd, RunningNsqd]
    await cluster.make('orders', ['billing'])
    const { node } = down
    await using tab = await openPage(browser, `http://${cluster.admin.address}/topics/orders/billing`)
    const { page } = tab
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await down.nsqd.close()
    await page.getByRole('button', { name: 'Pause channel' }).click()
    const notice = page.getByRole('status').filter({ hasText: 'Paused orders/billing, but not everywhere' })
    await notice.or(page.getByText('Paused orders/billing, but not everywhere')).first().waitFor()
    await page
      .getByText(new RegExp(`${node}.*connection refused`))
      .first()
      .waitFor()
    expect((await up.topic('orders')).channels[0].paused).toBe(true)
    expect(tab.problems).toEqual([])
  })

  test.each([true, false])(
    'with Graphite its pictures are on the pages, through nsqadmin or not: %s',
    async (proxied) => {
      const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="160"></svg>'
      await using graphite = await fakeUpstream(() => ({ text: svg, headers: { 'content-type': 'image/svg+xml' } }))
      const graphiteUrl = `http://${graphite.address}`
      const admin = { refreshIntervalMs: 200, graphiteUrl, proxyGraphite: proxied, statsdIntervalMs: 30_000 }
      await using cluster = await startCluster({ nsqds: 1, admin })
      await cluster.make('orders', ['billing#ephemeral'])
      const url = `http://${cluster.admin.address}`
      await using tab = await openPage(browser, `${url}/topics/orders/billing%23ephemeral?t=12h`)
      const { page } = tab
      const asked = (text: string) =>
        expect
          .poll(() => graphite.seen.some(({ url }) => decodeURIComponent(url.replaceAll('+', ' ')).includes(text)))
          .toBe(true)
      const drawn = () =>
        page
          .locator('figure img')
          .evaluateAll((all) => all.filter((one) => (one as HTMLImageElement).naturalWidth === 480).length)
      await page.getByRole('heading', { name: 'Graphite' }).scrollIntoViewIfNeeded()
      await expect.poll(drawn).toBeGreaterThan(2)
      await asked('summarize(sumSeries(stats.gauges.nsq.*.topic.orders.channel.billingephemeral.depth),"30sec","avg")')
      await asked('&from=-12h&')
      await page.getByLabel('The last').selectOption('48h')
      await asked('&from=-48h&')
      expect(await violations(page)).toEqual([])

      await page.goto(`${url}/topics/orders`)
      await asked('scale(sumSeries(stats.counters.nsq.*.topic.orders.message_count.count),')
      await page.goto(`${url}/nodes/${encodeURIComponent(cluster.nsqd.node)}`)
      await page.getByRole('heading', { name: 'Graphite' }).scrollIntoViewIfNeeded()
      await asked(`stats.gauges.nsq.${cluster.nsqd.node.replaceAll(/[.:]/g, '_')}.mem.heap_objects`)
      await page.goto(`${url}/counter`)
      await asked('sumSeries(stats.counters.nsq.*.topic.*.channel.*.message_count.count)')
      await page.getByLabel('The last').selectOption('off')
      await expect.poll(() => page.locator('figure img').count()).toBe(0)
      expect(tab.problems).toEqual([])
    },
  )
})
