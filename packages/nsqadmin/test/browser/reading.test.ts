import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Locator, Page } from 'playwright-core'
import { Consumer } from '@nsq-ts/client'
import { eventually } from '../../../../test/support/eventually.ts'
import { startCluster } from '../fixtures/cluster.ts'
import type { RunningCluster } from '../fixtures/cluster.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'
import type { OpenPage } from './support/browser.ts'
import { LAYOUT_SHIFT_MAX, layoutShift } from './support/layout-shift.ts'

// What the page shows of a real cluster, how one gets about in it, and what it does when parts of the cluster are gone.

const TOPICS = ['alpha', 'beta', 'gamma', 'orders']

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let browser: Browser
  let cluster: RunningCluster
  let consumer: Consumer
  const at = (path: string): string => `http://${cluster.admin.address}${path}`
  const open = (path: string, options = {}): Promise<OpenPage> => openPage(browser, at(path), options)

  beforeAll(async () => {
    browser = await launchBrowser()
    cluster = await startCluster({ admin: { refreshIntervalMs: 200, historyIntervalMs: 200 } })
    for (const topic of TOPICS) await cluster.make(topic, topic === 'orders' ? ['billing', 'mail'] : ['reader'])
    await cluster.nsqds[0]!.publish('orders', 'a', 'b')
    await cluster.nsqds[1]!.publish('orders', 'c')
    consumer = new Consumer({ topic: 'orders', channel: 'billing', nsqd: [cluster.nsqd.tcp], clientId: 'till-1' })
    consumer.on('error', () => {})
    void consumer.run(async () => {})
    const billing = async () => (await cluster.nsqd.topic('orders')).channels[0]
    await eventually(async () => (await billing()).clients?.[0]?.finish_count === 2, {
      what: 'the consumer has its two',
    })
  })
  afterAll(async () => {
    await consumer.close({ timeout: 0 })
    await cluster[Symbol.asyncDispose]()
    await browser.close()
  })

  test('the overview has a row for each topic, and follows the cluster without being asked', async () => {
    await using tab = await open('/')
    const row = tab.page.getByRole('row', { name: /^orders/ })
    await row.waitFor()
    expect(await tab.page.getByRole('row').count()).toBe(TOPICS.length + 1)
    const depth = row.getByRole('cell').nth(2)
    await expect.poll(() => depth.textContent()).toBe('4') // billing: 1 on the node without a consumer; mail: 3
    await cluster.nsqds[1]!.publish('orders', 'd')
    await expect.poll(() => depth.textContent()).toBe('6')
    expect(tab.problems).toEqual([])
  })

  test('search, sorting and the filter are in the address, and so in a link', async () => {
    await using tab = await open('/')
    const { page } = tab
    await topicLink(page, 'alpha').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('a m')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    expect(await topicLink(page, 'gamma').count()).toBe(1)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('row').count()).toBe(TOPICS.length + 1)
    await page.getByRole('columnheader', { name: 'Depth' }).getByRole('button').click()
    await page.waitForURL(at('/?sort=-depth'))
    expect(await page.getByRole('columnheader', { name: 'Depth' }).getAttribute('aria-sort')).toBe('descending')

    await page.goto(at('/?q=bet&sort=topic'))
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    expect(await page.getByRole('searchbox').inputValue()).toBe('bet')
    expect(tab.problems).toEqual([])
  })

  test('everything is reached with the keyboard alone', async () => {
    await using tab = await open('/')
    const { page } = tab
    await topicLink(page, 'alpha').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('beta')
    await page.keyboard.press('End')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('orders')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
    await page.keyboard.press('/')
    await page.keyboard.type('gam')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'gamma', level: 1 }).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('a topic shows its channels, its nodes and its last hour', async () => {
    await using tab = await open('/topics/orders')
    const { page } = tab
    const channels = page.getByRole('table', { name: 'Channels of orders' })
    await channels.getByRole('link', { name: 'billing' }).waitFor()
    expect(await channels.getByRole('row').count()).toBe(3)
    const nodes = page.getByRole('table', { name: 'Nodes that have orders' })
    for (const { node } of cluster.nsqds) await nodes.getByRole('link', { name: node }).waitFor()
    await page.locator('figure canvas').nth(2).waitFor()
    expect(await page.getByRole('heading', { name: 'Last hour' }).count()).toBe(1)
    await channels.getByRole('link', { name: 'mail' }).click()
    await page.getByRole('heading', { name: 'mail', level: 1 }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/topics/orders/mail')
    expect(tab.problems).toEqual([])
  })

  test('a channel shows who is connected, and where its messages are', async () => {
    await using tab = await open('/topics/orders/billing')
    const consumers = tab.page.getByRole('table', { name: 'Consumers of billing' })
    await consumers.getByText('(till-1)').waitFor()
    expect(await consumers.getByRole('row').nth(1).textContent()).toContain('nsq-ts/')
    const nodes = tab.page.getByRole('table', { name: 'Nodes that have billing' })
    await expect.poll(() => nodes.getByRole('row').count()).toBe(3)
    expect(tab.problems).toEqual([])
  })

  test('nodes, and what each of them has', async () => {
    await using tab = await open('/nodes')
    const { page } = tab
    const { node } = cluster.nsqd
    await page.getByRole('link', { name: node }).click()
    await page.getByRole('heading', { name: node, level: 1 }).waitFor()
    const topics = page.getByRole('table', { name: `Topics of ${node}` })
    await topics.getByRole('link', { name: 'billing' }).waitFor()
    await page
      .getByRole('table', { name: `Consumers of ${node}` })
      .getByText('(till-1)')
      .waitFor()
    expect(tab.problems).toEqual([])
  })

  test('the counter counts up to the sum', async () => {
    await using tab = await open('/counter')
    const sum = async () => {
      const { json } = await cluster.admin.get('/api/counter')
      return Object.values<{ message_count: number }>(json.stats).reduce((sum, one) => sum + one.message_count, 0)
    }
    await tab.page.getByText(`${await sum()} messages processed`).waitFor({ state: 'attached' })
    await cluster.nsqd.publish('alpha', 'x')
    await tab.page.getByText(`${await sum()} messages processed`).waitFor({ state: 'attached' })
    expect(tab.problems).toEqual([])
  })

  test('what is not there is said to be not there', async () => {
    await using tab = await open('/topics/no-such-topic')
    await tab.page.getByText('No nsqd has this topic').waitFor()
    await tab.page.goto(at('/topics/orders/no-such-channel'))
    await tab.page.getByText('There is no such channel').waitFor()
    await tab.page.goto(at('/nodes/10.9.8.7:4151'))
    await tab.page.getByText('There is no such node').first().waitFor()
    expect(tab.problems).toEqual([])
  })

  test('the theme is the system’s until the reader chooses, and the choice is kept', async () => {
    await using tab = await open('/', { colorScheme: 'dark' })
    const { page } = tab
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const dark = await ground()
    await page.getByRole('button', { name: 'Theme' }).click()
    await page.getByRole('menuitemradio', { name: 'Light' }).click()
    await expect.poll(ground).not.toBe(dark)
    const light = await ground()
    await page.reload()
    await topicLink(page, 'alpha').waitFor()
    expect(await ground()).toBe(light)
    expect(tab.problems).toEqual([])
  })

  test('figures and times are written as the reader is used to', async () => {
    const bodies = Array.from({ length: 1200 }, () => 'x').join('\n')
    await cluster.nsqd.post('/mpub?topic=gamma', bodies)
    await using german = await open('/topics/gamma', { locale: 'de-DE' })
    await german.page.getByText('1.200', { exact: true }).first().waitFor()
    await using english = await open('/topics/gamma', { locale: 'en-GB' })
    await english.page.getByText('1,200', { exact: true }).first().waitFor()
  })

  test('of many topics only those in sight are drawn, and the keyboard reaches the last', async () => {
    await using many = await startCluster({ nsqds: 1, lookupd: false, admin: { refreshIntervalMs: 200 } })
    const names = Array.from({ length: 300 }, (_, index) => `topic-${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => many.nsqd.post(`/topic/create?topic=${name}`)))
    await using tab = await openPage(browser, `http://${many.admin.address}/`)
    const { page } = tab
    await page.getByText('300 topics', { exact: true }).waitFor()
    expect(await page.locator('tbody tr').count()).toBeLessThan(100)
    await page.keyboard.press('/')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('End')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('topic-299')
    await page.keyboard.press('Home')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('topic-000')
    expect(tab.problems).toEqual([])
  })

  test('nothing moves when the figures come in, and nothing is wider than a phone', async () => {
    await using tab = await open('/', { viewport: { width: 390, height: 844 } })
    const { page } = tab
    await topicLink(page, 'orders').waitFor()
    expect(await layoutShift(page)).toBeLessThan(0.02)
    for (const path of ['/', '/topics/orders', '/topics/orders/billing', '/nodes', '/lookup', '/counter']) {
      await page.goto(at(path))
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' })
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      expect({ path, moved: (await layoutShift(page)) > LAYOUT_SHIFT_MAX }).toEqual({ path, moved: false })
    }
    expect(tab.problems).toEqual([])
  })
})

/** In the table; the line of problems may name the topic too. */
function topicLink(page: Page, topic: string): Locator {
  return page.getByRole('table', { name: 'Topics' }).getByRole('link', { name: topic })
}
