// Takes the pictures of docs/nsqadmin.md, of clusters that run: node packages/nsqadmin/bench/screenshots.mjs [shop|messages|many]. Build first.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { launchBrowser } from './browser.mjs'
import { startScene } from './scene.mjs'
import { makeMany, makeMessages, runShop, stirMany } from './traffic.mjs'

const folder = new URL('../../../docs/images', import.meta.url).pathname
const only = process.argv[2]
const WIDE = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
const SETTLE_MS = 4000
const HISTORY = { refreshIntervalMs: 1000, historyIntervalMs: 1000 }

mkdirSync(folder, { recursive: true })
const browser = await launchBrowser()

if (only === undefined || only === 'shop') await shootShop()
if (only === undefined || only === 'messages') await shootMessages()
if (only === undefined || only === 'many') await shootMany()
await browser.close()

async function shootShop() {
  const shop = await startScene({ admin: HISTORY })
  await shoot(shop, 'empty', '/')
  await shop.post(0, '/pub?topic=greetings', 'hello')
  await shoot(shop, 'one-topic', '/')
  await shop.post(0, '/topic/delete?topic=greetings')
  const stopShop = await runShop(shop)
  await delay(90_000)
  const tail = async (page) => {
    await page.getByRole('button', { name: 'Tail live' }).click()
    await page.getByRole('heading', { name: 'Tail' }).scrollIntoViewIfNeeded()
  }
  const remove = async (page) => page.getByRole('button', { name: 'Delete', exact: true }).click()
  await shoot(shop, 'overview', '/')
  await shoot(shop, 'overview-dark', '/', { colorScheme: 'dark' })
  await shoot(shop, 'overview-phone', '/', { viewport: PHONE })
  await shoot(shop, 'topic', '/topics/orders')
  await shoot(shop, 'topic-phone', '/topics/orders', { viewport: PHONE, colorScheme: 'dark' })
  await shoot(shop, 'channel-dark', '/topics/orders/billing', { colorScheme: 'dark' })
  await shoot(shop, 'tail', '/topics/orders', { before: tail })
  await shoot(shop, 'delete', '/topics/audit.log', { before: remove })
  await shoot(shop, 'nodes', '/nodes')
  await shoot(shop, 'node', `/nodes/${encodeURIComponent(shop.nsqds[0].addresses.http.text)}`, { colorScheme: 'dark' })
  await shoot(shop, 'counter', '/counter', { colorScheme: 'dark' })
  await shop.nsqds[1].close()
  await delay(8000)
  await shoot(shop, 'node-down', '/')
  await shoot(shop, 'nodes-down', '/nodes')
  await stopShop()
  await shop.close()
}

async function shootMessages() {
  const scene = await startScene({ admin: HISTORY })
  await makeMessages(scene)
  const path = '/topics/orders/billing'
  const messages = `${path}/messages`
  const open = (index) => async (page) => page.locator('[data-message-head]').nth(index).click()
  const sendBack = async (page) => page.getByRole('button', { name: 'Redrive letters' }).click()
  const change = async (page) => page.getByRole('button', { name: 'Change', exact: true }).click()
  await shoot(scene, 'messages', messages, { before: open(2) })
  await shoot(scene, 'messages-dead-dark', `${messages}?state=dead`, { before: open(1), colorScheme: 'dark' })
  await shoot(scene, 'messages-phone', `${messages}?state=deferred`, { before: open(0), viewport: PHONE })
  await shoot(scene, 'redrive', `${messages}?state=dead`, { before: sendBack })
  await shoot(scene, 'retries', `${path}/retries`, { before: change })
  await scene.close()
}

async function shootMany() {
  const many = await startScene({ admin: HISTORY })
  await makeMany(many, 2000)
  const stopMany = stirMany(many, 300)
  await delay(20_000)
  await shoot(many, 'many', '/?sort=-depth')
  await stopMany()
  await many.close()
}

async function shoot(scene, name, path, { viewport = WIDE, colorScheme = 'light', before } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', hasTouch: viewport === PHONE })
  const page = await context.newPage()
  await page.goto(`${scene.url}${path}`)
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' })
  await before?.(page)
  await delay(SETTLE_MS)
  await page.screenshot({ path: join(folder, `nsqadmin-${name}.png`) })
  await context.close()
}
