import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { startAdmin } from '../fixtures/admin.ts'
import { startCluster } from '../fixtures/cluster.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'

// Parts of the cluster go away while somebody looks at it: what is known stays on the page, and what is missing is said.

describe.skipIf(CHROMIUM === undefined)('on a bad day', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('a node that is down is named with the reason, and everything that is known stays', async () => {
    await using cluster = await startCluster({ admin: { refreshIntervalMs: 200, httpClientRequestTimeoutMs: 500 } })
    const [up, down] = cluster.nsqds as [(typeof cluster.nsqds)[0], (typeof cluster.nsqds)[0]]
    await cluster.make('orders', ['billing'])
    await down.publish('orders', 'a', 'b', 'c')
    const { node } = down // it knows its address only while it runs
    await using tab = await openPage(browser, `http://${cluster.admin.address}/`)
    const { page } = tab
    const depth = page
      .getByRole('row', { name: /^orders/ })
      .getByRole('cell')
      .nth(2)
    await expect.poll(() => depth.textContent()).toBe('3')
    await down.nsqd.close()

    await page.getByRole('list', { name: 'Problems' }).getByRole('link', { name: node }).waitFor()
    expect(await depth.textContent()).toBe('3')
    await page.getByRole('link', { name: 'Nodes' }).click()
    const row = page.getByRole('row', { name: new RegExp(`^${node}`) })
    await row.getByText('down').waitFor()
    await page
      .getByText(/is from .* ago/)
      .first()
      .waitFor()
    expect(await page.getByRole('row', { name: new RegExp(`^${up.node}`) }).count()).toBe(1)

    await page.goto(`http://${cluster.admin.address}/topics/orders`)
    await page.getByText(node).first().waitFor()
    await page.getByRole('table', { name: 'Nodes that have orders' }).getByRole('link', { name: up.node }).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('when nsqadmin itself goes, the page says so and keeps what it has, and it mends by itself', async () => {
    await using cluster = await startCluster({ nsqds: 1, admin: { refreshIntervalMs: 200 } })
    await cluster.make('orders', ['billing'])
    const { port } = cluster.admin
    const lookupdHttpAddresses = [cluster.lookupd!.httpAddress.text]
    await using tab = await openPage(browser, `http://127.0.0.1:${port}/`)
    const { page } = tab
    await page.getByRole('table').getByRole('link', { name: 'orders' }).waitFor()
    await cluster.admin.admin.close()
    await page.getByText('Lost contact with nsqadmin').waitFor()
    expect(await page.getByRole('table').getByRole('link', { name: 'orders' }).count()).toBe(1)

    await using again = await startAdmin({
      lookupdHttpAddresses,
      httpAddress: `127.0.0.1:${port}`,
      refreshIntervalMs: 200,
    })
    expect(again.port).toBe(port)
    await page.getByText('Lost contact with nsqadmin').waitFor({ state: 'hidden' })
    expect(tab.problems).toEqual([])
  })

  test('a cluster with nothing in it says how to begin', async () => {
    await using cluster = await startCluster({ nsqds: 1, admin: { refreshIntervalMs: 200 } })
    await using tab = await openPage(browser, `http://${cluster.admin.address}/`)
    await tab.page.getByText('There are no topics yet').waitFor()
    expect(tab.problems).toEqual([])
  })
})
