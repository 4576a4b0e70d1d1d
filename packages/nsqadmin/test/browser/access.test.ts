import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { hashPassword } from '../../server/access/password.ts'
import { startCluster } from '../fixtures/cluster.ts'
import { violations } from './support/axe.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'
import { logIn } from './support/log-in.ts'

// Who can use the page, and who may do what: people with a screen reader, viewers, operators, those behind a proxy.

describe.skipIf(CHROMIUM === undefined)('access', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('axe finds nothing on any page or dialog, in either theme', { timeout: 180_000 }, async () => {
    await using cluster = await startCluster({ admin: { refreshIntervalMs: 200, historyIntervalMs: 200 } })
    await cluster.make('orders', ['billing'])
    await cluster.make('paused', ['idle'])
    await cluster.nsqd.post('/topic/pause?topic=paused')
    await cluster.nsqd.publish('orders', 'a')
    await cluster.admin.post('/api/topics', { topic: 'announced', channel: 'early' })
    const url = `http://${cluster.admin.address}`
    const node = `/nodes/${encodeURIComponent(cluster.nsqd.node)}`
    await using tab = await openPage(browser, url, { colorScheme: 'light', reducedMotion: 'reduce' })
    const { page } = tab
    const check = async (what: string) => {
      const found: string[] = []
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        // The theme changes colours, and nothing else.
        const all = colorScheme === 'light' ? await violations(page) : await violations(page, ['color-contrast'])
        found.push(...all.map((one) => `${colorScheme} ${one}`))
      }
      expect({ what, found }).toEqual({ what, found: [] })
    }
    for (const path of [
      '/',
      '/topics/orders/billing',
      '/nodes',
      node,
      '/counter',
      '/lookup',
      '/topics/none',
      '/topics/orders',
    ]) {
      await page.goto(`${url}${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      await page.getByText('Live', { exact: true }).waitFor()
      await check(path)
    }
    for (const name of ['Delete', 'Publish']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await check(name)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
    }
    expect(tab.problems).toEqual([])
  })

  test('with --auth-file the page asks who it is; a viewer sees everything and no button, an operator has them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-users-'))
    try {
      const hash = await hashPassword('correct horse', { N: 1024, r: 8, p: 1 })
      const authFile = join(folder, 'users')
      writeFileSync(authFile, `olga:operator:${hash}\nviktor:viewer:${hash}\n`)
      await using cluster = await startCluster({ nsqds: 1, admin: { refreshIntervalMs: 200, authFile } })
      await cluster.make('orders', ['billing'])
      await using tab = await openPage(browser, `http://${cluster.admin.address}/topics/orders`)
      const { page } = tab
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      expect(await violations(page)).toEqual([])

      await logIn(page, 'viktor', 'wrong')
      await page.getByText('User name or password is wrong').waitFor()
      await logIn(page, 'viktor', 'correct horse')
      await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor()
      await page.getByRole('link', { name: 'billing' }).waitFor()
      expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Publish' }).count()).toBe(0)

      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      await logIn(page, 'olga', 'correct horse')
      await page.getByRole('button', { name: 'Delete', exact: true }).waitFor()
      expect(tab.problems).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('everything works below a base path, deep links and a reload included', async () => {
    await using cluster = await startCluster({ nsqds: 1, admin: { refreshIntervalMs: 200, basePath: '/ops/nsq' } })
    await cluster.make('orders', ['billing#ephemeral'])
    const url = `http://${cluster.admin.address}/ops/nsq`
    const asked: string[] = []
    await using tab = await openPage(browser, `${url}/topics/orders`)
    const { page } = tab
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.getByRole('link', { name: 'billing#ephemeral' }).click()
    await page.getByRole('heading', { name: 'billing#ephemeral', level: 1 }).waitFor()
    expect(page.url()).toBe(`${url}/topics/orders/billing%23ephemeral`)
    await page.reload()
    await page.getByRole('heading', { name: 'billing#ephemeral', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'nsqadmin' }).click()
    await page.getByRole('table').getByRole('link', { name: 'orders' }).waitFor()
    expect(asked.filter((path) => !path.startsWith('/ops/nsq/'))).toEqual([])
    expect(tab.problems).toEqual([])
  })

  test('without nsqlookupd there is no Lookup page to go to, and all else is there', async () => {
    await using cluster = await startCluster({ lookupd: false, admin: { refreshIntervalMs: 200 } })
    await cluster.make('orders', ['billing'])
    await using tab = await openPage(browser, `http://${cluster.admin.address}/`)
    await tab.page.getByRole('table').getByRole('link', { name: 'orders' }).waitFor()
    await tab.page.getByRole('link', { name: 'Lookup' }).waitFor({ state: 'hidden' })
    await tab.page.goto(`http://${cluster.admin.address}/lookup`)
    await tab.page.getByText('there is no nsqlookupd').waitFor()
    expect(tab.problems).toEqual([])
  })
})
