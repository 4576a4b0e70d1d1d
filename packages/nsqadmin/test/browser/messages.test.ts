import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Locator, Page } from 'playwright-core'
import { hashPassword } from '../../server/access/password.ts'
import { eventually } from '../../../../test/support/eventually.ts'
import { startCluster } from '../fixtures/cluster.ts'
import type { RunningCluster, RunningNsqd } from '../fixtures/cluster.ts'
import { hold, makeDeadLetters } from '../fixtures/failing.ts'
import { fakeNsqd } from '../fixtures/fake-upstream.ts'
import { startAdmin } from '../fixtures/admin.ts'
import { violations } from './support/axe.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'
import { LAYOUT_SHIFT_MAX, layoutShift } from './support/layout-shift.ts'
import { logIn } from './support/log-in.ts'

// Messages of a real cluster on the page: in every state, every action, page by page, and when a node cannot say.

describe.skipIf(CHROMIUM === undefined)('messages on the page', () => {
  let browser: Browser
  let cluster: RunningCluster
  let first: RunningNsqd
  let second: RunningNsqd
  const at = (path: string): string => `http://${cluster.admin.address}${path}`
  const open = (path: string, options = {}) => openPage(browser, at(path), options)

  beforeAll(async () => {
    browser = await launchBrowser()
    cluster = await startCluster({ admin: { refreshIntervalMs: 200 } })
    ;[first, second] = cluster.nsqds as [RunningNsqd, RunningNsqd]
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await browser.close()
  })

  /** Of a channel, on a node. */
  async function figures(nsqd: RunningNsqd, topic: string): Promise<{ depth: number; deferred: number }> {
    const [channel] = (await nsqd.topic(topic)).channels
    return { depth: channel.depth, deferred: channel.deferred_count }
  }

  test('what is ready is shown of all nodes in one list, opens, and has an address of its own', async () => {
    await cluster.make('orders', ['billing'])
    await first.publish('orders', '{"customer":{"id":12345678901234567890},"lines":["a","b"]}')
    await second.publish('orders', 'plain <b>text</b>')
    await using tab = await open('/topics/orders/billing')
    const { page } = tab
    await page.getByRole('link', { name: 'Messages' }).click()
    await page.waitForURL(at('/topics/orders/billing/messages'))
    await expect.poll(() => heads(page).count()).toBe(2)
    for (const { node } of [first, second]) expect(await heads(page).filter({ hasText: node }).count()).toBe(1)

    await heads(page).filter({ hasText: 'customer' }).click()
    const tree = page.getByRole('region', { name: 'Body as JSON' })
    await tree.getByText('12345678901234567890').waitFor() // all its digits
    await tree.getByRole('button', { name: 'lines: [2]' }).click()
    expect(await tree.getByText('"b"').count()).toBe(0)
    await page.getByRole('button', { name: 'Text', exact: true }).click()
    await page.getByLabel('Body', { exact: true }).getByText('{"customer"').waitFor()
    await page.getByRole('button', { name: 'Hex' }).click()
    await page.getByText('00000000  7b 22 63 75 73 74 6f 6d  65 72').waitFor()
    await heads(page).filter({ hasText: 'plain' }).click()
    await page.getByLabel('Body', { exact: true }).getByText('plain <b>text</b>').waitFor()

    await page.getByLabel('Node').selectOption(second.node)
    await expect.poll(() => heads(page).count()).toBe(1)
    expect(new URL(page.url()).searchParams.get('node')).toBe(second.node)
    await page.reload()
    await heads(page).filter({ hasText: 'plain' }).waitFor()
    await page.keyboard.press('Escape')
    await page.waitForURL(at('/topics/orders/billing'))
    expect(tab.problems).toEqual([])
  })

  test('thousands are walked page by page and searched, with the keyboard too', async () => {
    await cluster.make('many', ['reader'])
    const bodies = Array.from({ length: 1500 }, (_, index) => `message ${index}`)
    for (const nsqd of cluster.nsqds) await nsqd.post('/mpub?topic=many', bodies.join('\n'))
    await using tab = await open('/topics/many/reader/messages')
    const { page } = tab
    await page.getByText('3,000 ready').waitFor()
    expect(await heads(page).count()).toBe(50)
    await page.getByRole('button', { name: 'Next' }).click()
    const begin = () => previews(page).first().textContent()
    await expect.poll(begin).toBe('message 25') // 25 of each node were on the first
    await page.reload()
    await expect.poll(begin).toBe('message 25')
    await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(begin).toBe('message 50')
    await page.getByRole('button', { name: 'Previous' }).click()
    await expect.poll(begin).toBe('message 25')
    await page.getByRole('button', { name: 'Previous' }).click()
    await expect.poll(begin).toBe('message 0')

    await page.keyboard.press('/')
    await page.keyboard.type('message 1234')
    await expect.poll(() => heads(page).count()).toBe(2)
    expect(new URL(page.url()).searchParams.get('contains')).toBe('message 1234')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByLabel('Body', { exact: true }).getByText('message 1234').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('nothing like it')
    await page.getByText('Nothing with “nothing like it” in it').waitFor()
    for (const nsqd of cluster.nsqds) expect((await figures(nsqd, 'many')).depth).toBe(1500)
    expect(tab.problems).toEqual([])
  })

  test('a message is finished, and requeued, after a question', async () => {
    await cluster.make('act', ['c'])
    await first.publish('act', 'to be finished', 'to wait')
    await using tab = await open('/topics/act/c/messages')
    const { page } = tab
    await heads(page).filter({ hasText: 'to be finished' }).click()
    await page.getByRole('button', { name: 'Finish', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    expect((await figures(first, 'act')).depth).toBe(2)
    await page.getByRole('button', { name: 'Finish', exact: true }).click()
    await page.getByRole('button', { name: 'Finish message' }).click()
    await expect.poll(() => heads(page).count()).toBe(1)
    expect((await figures(first, 'act')).depth).toBe(1)

    await heads(page).filter({ hasText: 'to wait' }).click()
    await page.getByRole('button', { name: 'Requeue' }).click()
    await page.getByLabel('Wait before').fill('-1')
    await page.getByText('A number of seconds').waitFor()
    await page.getByLabel('Wait before').fill('1800')
    await page.getByRole('button', { name: 'Requeue message' }).click()
    await page.getByText('Nothing waits here').waitFor()
    expect(await figures(first, 'act')).toEqual({ depth: 0, deferred: 1 })
    expect(tab.problems).toEqual([])
  })

  test('one that a consumer has shows who, and is taken from him', async () => {
    await cluster.make('held', ['c'])
    await first.publish('held', 'mine')
    const consumer = hold(first, 'held', 'c', 'till-1')
    await using tab = await open('/topics/held/c/messages?state=in_flight')
    const { page } = tab
    try {
      await expect
        .poll(async () => {
          await page.getByRole('button', { name: 'Look again' }).click()
          return heads(page).count()
        })
        .toBe(1)
      await heads(page).getByText('till-1').waitFor()
      await heads(page).click()
      await page.getByText(/^till-1, .+, 127\.0\.0\.1:\d+$/).waitFor()
      await page.getByRole('button', { name: 'Finish', exact: true }).click()
      await page.getByRole('button', { name: 'Finish message' }).click()
      await page.getByText('No consumer has a message at the moment').waitFor()
      expect(await figures(first, 'held')).toEqual({ depth: 0, deferred: 0 })
      expect(tab.problems).toEqual([])
    } finally {
      await consumer.close({ timeout: 0 })
    }
  })

  test('deferred ones come by due time; one is delivered now, one is cancelled', async () => {
    await cluster.make('later', ['c'])
    await first.post('/pub?topic=later&defer=2h', 'second')
    await second.post('/pub?topic=later&defer=1h', 'first')
    await first.post('/pub?topic=later&defer=36h', 'third')
    await using tab = await open('/topics/later/c/messages')
    const { page } = tab
    await page.getByRole('link', { name: /^Deferred/ }).click()
    await page.waitForURL(at('/topics/later/c/messages?state=deferred'))
    const shown = () => previews(page).allTextContents()
    await expect.poll(shown).toEqual(['first', 'second', 'third'])
    await heads(page).filter({ hasText: 'first' }).getByText('in 60 min').waitFor()

    await heads(page).filter({ hasText: 'second' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Cancel message' }).click()
    await expect.poll(shown).toEqual(['first', 'third'])
    await heads(page).filter({ hasText: 'first' }).click()
    await page.getByRole('button', { name: 'Deliver now' }).click()
    await page.getByRole('button', { name: 'Deliver message now' }).click()
    await expect.poll(shown).toEqual(['third'])
    expect(await figures(first, 'later')).toEqual({ depth: 0, deferred: 1 })
    expect(await figures(second, 'later')).toEqual({ depth: 1, deferred: 0 })
    expect(tab.problems).toEqual([])
  })

  test('dead letters tell their story; one goes back, one is discarded, then all go back', async () => {
    await cluster.make('mortal', ['c'])
    await makeDeadLetters(first, 'mortal', 'c', ['apple', 'pear', 'plum', 'fig'])
    await makeDeadLetters(second, 'mortal', 'c', ['kiwi'])
    await using tab = await open('/topics/mortal/c/messages?state=dead')
    const { page } = tab
    await expect.poll(() => heads(page).count()).toBe(5)
    await heads(page).filter({ hasText: 'pear' }).getByText('requeued').waitFor()
    await heads(page).filter({ hasText: 'pear' }).click()
    await page.getByText('its consumers put it back, after 1 attempt').waitFor()
    await page.getByText('mortal/c, as').waitFor()
    await page.getByRole('button', { name: 'Redrive', exact: true }).click()
    await page.getByRole('button', { name: 'Send back' }).click()
    await expect.poll(() => heads(page).count()).toBe(4)
    expect((await figures(first, 'mortal')).depth).toBe(1)

    await heads(page).filter({ hasText: 'plum' }).click()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('button', { name: 'Discard message' }).click()
    await expect.poll(() => heads(page).count()).toBe(3)
    expect((await figures(first, 'mortal')).depth).toBe(1)

    await page.getByRole('button', { name: 'Redrive letters' }).click()
    await page.getByRole('dialog').getByLabel('A second').fill('x')
    await page.getByText('A whole number').waitFor()
    await page.getByRole('dialog').getByLabel('A second').fill('')
    await page.getByRole('dialog').getByLabel('Body contains').fill('i') // fig, kiwi
    await page.getByRole('dialog').getByLabel('Died of').selectOption('requeued')
    await page.getByRole('button', { name: 'Send back' }).click()
    await expect.poll(() => heads(page).count()).toBe(1)
    await eventually(async () => (await figures(second, 'mortal')).depth === 1, { what: 'kiwi is back' })
    await page.getByText(/sent back to c the last time/).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('a redrive that takes its time shows how far it is, and is stopped', async () => {
    await cluster.make('slow', ['c'])
    await makeDeadLetters(
      first,
      'slow',
      'c',
      Array.from({ length: 30 }, (_, index) => `letter ${index}`),
    )
    await using tab = await open('/topics/slow/c/messages?state=dead')
    const { page } = tab
    await page.getByRole('button', { name: 'Redrive letters' }).click()
    await page.getByRole('dialog').getByLabel('A second').fill('2')
    await page.getByRole('button', { name: 'Send back' }).click()
    await page.getByText(/On their way back to c: [1-9]/).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Redrive letters' }).waitFor()
    expect((await figures(first, 'slow')).depth).toBeLessThan(30)
    expect(tab.problems).toEqual([])
  })

  test('a body of bytes is shown as such; one that was cut is fetched whole, and drawn a piece at a time', async () => {
    await cluster.make('bodies', ['c'])
    const lines = Array.from({ length: 5000 }, (_, index) => ({ sku: `item-${index}` }))
    await first.publish('bodies', JSON.stringify({ lines }))
    await fetch(`http://${first.node}/pub?topic=bodies`, { method: 'POST', body: Uint8Array.from([0, 255, 254, 65]) })
    await using tab = await open('/topics/bodies/c/messages')
    const { page } = tab
    await heads(page).filter({ hasText: '4 bytes' }).click()
    await page.getByText('00000000  00 ff fe 41').waitFor()
    await heads(page).filter({ hasText: 'lines' }).click()
    expect(await page.getByRole('button', { name: 'JSON' }).count()).toBe(0) // half of it is none
    await page.getByRole('button', { name: 'Show all of it' }).click()
    const tree = page.getByRole('region', { name: 'Body as JSON' })
    await tree.getByRole('button', { name: 'lines: [5,000]' }).click()
    await tree.getByRole('button', { name: '100 more of 5,000' }).click()
    await tree.getByText('"item-199"').waitFor()
    expect(await tree.getByText('"item-200"').count()).toBe(0)
    expect(tab.problems).toEqual([])
  })

  test('a message that has gone meanwhile is said to be gone, and the list is looked at again', async () => {
    await cluster.make('gone', ['c'])
    await first.publish('gone', 'soon gone')
    await using tab = await open('/topics/gone/c/messages')
    const { page } = tab
    await heads(page).click()
    await page.getByRole('button', { name: 'Finish', exact: true }).click()
    await first.post('/channel/empty?topic=gone&channel=c')
    await page.getByRole('button', { name: 'Finish message' }).click()
    await page.getByText('The message is no longer there').first().waitFor()
    await page.getByText('Nothing waits here').waitFor()
    expect(tab.problems).toEqual([])
  })

  test('headers of a message are shown beside what is known of it', async () => {
    await cluster.make('traced', ['c'])
    const headers = { 'x-nsq-header-traceparent': '00-4bf92f35-01', 'x-nsq-header-tenant': 'acme' }
    await fetch(`http://${first.node}/pub?topic=traced`, { method: 'POST', body: 'with headers', headers })
    await using tab = await open('/topics/traced/c/messages')
    const { page } = tab
    await heads(page).click()
    const facts = page.locator('dl').filter({ hasText: 'Published' })
    for (const text of ['traceparent', '00-4bf92f35-01', 'tenant', 'acme']) {
      await facts.getByText(text, { exact: true }).waitFor()
    }
    expect(tab.problems).toEqual([])
  })

  test('what waits in a topic without a channel is shown on its page, to be read', async () => {
    await cluster.make('lonely')
    await first.publish('lonely', 'anybody there?')
    await first.post('/pub?topic=lonely&defer=1h', 'hello again')
    await using tab = await open('/topics/lonely')
    const { page } = tab
    await heads(page).filter({ hasText: 'anybody there?' }).click()
    await page.getByLabel('Body', { exact: true }).getByText('anybody there?').waitFor()
    expect(await page.getByRole('button', { name: 'Finish', exact: true }).count()).toBe(0)
    await page.getByRole('navigation', { name: 'States' }).getByRole('link', { name: 'Deferred' }).click()
    await heads(page).filter({ hasText: 'hello again' }).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('the retry policy is shown in words, checked while it is typed, changed everywhere, and given back', async () => {
    await cluster.make('policy', ['c'])
    await using tab = await open('/topics/policy/c')
    const { page } = tab
    await page.getByRole('link', { name: 'Retry policy' }).click()
    await page.getByText('A message that fails is handed out again, for ever').waitFor()
    await page.getByRole('button', { name: 'Change' }).click()
    const dialog = page.getByRole('dialog')
    const change = dialog.getByRole('button', { name: 'Change policy' })
    for (const [field, wrong, right] of [
      ['Attempts', '10001', '3'],
      ['Dead-letter topic', 'policy', 'graveyard'],
      ['Back-off', '1s,soon', '1s,10s'],
      ['Jitter', '200', '20'],
    ] as const) {
      await dialog.getByLabel(field).fill(wrong)
      expect(await dialog.getByLabel(field).getAttribute('aria-invalid')).toBe('true')
      expect(await change.isDisabled()).toBe(true)
      await dialog.getByLabel(field).fill(right)
    }
    await change.click()
    await page.getByText('A message whose delivery has failed 3 times goes to graveyard').waitFor()
    await page.getByText('it waits 1s, and 10s from then on, give or take 20 %').waitFor()
    for (const nsqd of cluster.nsqds) {
      const { retry_policy } = (await nsqd.topic('policy')).channels[0]
      const wanted = { max_attempts: 3, backoff: '1s,10s', jitter: 20, dead_letter_topic: 'graveyard' }
      expect(retry_policy).toEqual(wanted)
    }
    await second.post('/channel/retries?topic=policy&channel=c&max_attempts=4')
    await page.getByText('The nodes do not have the same policy').waitFor()
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByRole('button', { name: 'Back to nsqd’s options' }).click()
    await page.getByText('A message that fails is handed out again, for ever').waitFor()
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('policy')).channels[0].retry_policy).toBeUndefined()
    expect(tab.problems).toEqual([])
  })

  test('a policy that not every node takes says which did not', async () => {
    await cluster.make('half-policy', ['c'])
    await using tab = await open('/topics/half-policy/c/retries')
    const { page } = tab
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByLabel('Attempts').fill('5')
    await second.post('/channel/delete?topic=half-policy&channel=c')
    await page.getByRole('button', { name: 'Change policy' }).click()
    await page.getByText('but not everywhere').first().waitFor()
    await page.getByText(`${second.node}: There is no such channel.`).first().waitFor()
    expect((await first.topic('half-policy')).channels[0].retry_policy.max_attempts).toBe(5)
    expect(tab.problems).toEqual([])
  })

  test('axe finds nothing in either theme; nothing is wider than a phone, and nothing jumps', async () => {
    await cluster.make('looks', ['c'])
    await makeDeadLetters(first, 'looks', 'c', ['{"dead":[1,null,"x"]}'])
    await first.publish('looks', '{"a":{"b":[true,false,1.5]}}', 'plain')
    await first.post('/pub?topic=looks&defer=1h', 'later')
    await using tab = await open('/', { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' })
    const { page } = tab
    for (const state of ['deferred', 'dead']) {
      await page.goto(at(`/topics/looks/c/messages?state=${state}`))
      await page.getByText('as of').waitFor()
      await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' })
      expect(await layoutShift(page)).toBeLessThan(LAYOUT_SHIFT_MAX)
      await heads(page).first().click()
      await page.emulateMedia({ colorScheme: 'light' })
      expect({ state, found: await violations(page) }).toEqual({ state, found: [] })
      await page.emulateMedia({ colorScheme: 'dark' }) // which changes colours, and nothing else
      expect({ state, found: await violations(page, ['color-contrast']) }).toEqual({ state, found: [] })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    }
    await page.getByRole('button', { name: 'Discard' }).click()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.goto(at('/topics/looks/c/retries'))
    await page.getByRole('button', { name: 'Change' }).click()
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    expect(tab.problems).toEqual([])
  })

  test('a node that is gone, slow, or the original is named, and the others are shown', async () => {
    await using days = await startCluster({ admin: { refreshIntervalMs: 200, httpClientRequestTimeoutMs: 3000 } })
    const [up, down] = days.nsqds as [RunningNsqd, RunningNsqd]
    await days.make('orders', ['billing'])
    for (const nsqd of [up, down]) await nsqd.publish('orders', 'here I am')
    await using tab = await openPage(browser, `http://${days.admin.address}/topics/orders/billing/messages`)
    const { page } = tab
    await expect.poll(() => heads(page).count()).toBe(2)
    const { node } = down
    await down.nsqd.close()
    await page.getByRole('button', { name: 'Look again' }).click()
    await page
      .getByText(new RegExp(`${node}: .*connection refused`))
      .first()
      .waitFor()
    await expect.poll(() => heads(page).count()).toBe(1)
    await heads(page).filter({ hasText: up.node }).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('an nsqd without these endpoints says so, and one that never answers is waited for beside the others', async () => {
    await using nsqd = await startCluster({ nsqds: 1, lookupd: false })
    await nsqd.make('t', ['c'])
    await nsqd.nsqd.publish('t', 'mine')
    const stats = () => [{ topic_name: 't', channels: [{ channel_name: 'c', depth: 1 }] }]
    await using original = await fakeNsqd({ hostname: 'old', version: '1.3.0' }, stats)
    await using mute = await fakeNsqd({ hostname: 'mute', version: '1.3.0' }, stats)
    const [answer, silence] = [original.answer, mute.answer]
    original.answer = (seen) =>
      /^\/(?:info|stats)/.test(seen.url) ? answer(seen) : { status: 404, json: { message: 'NOT_FOUND' } }
    mute.answer = (seen) => (/^\/(?:info|stats)/.test(seen.url) ? silence(seen) : undefined)
    await using admin = await startAdmin({
      nsqdHttpAddresses: [nsqd.nsqd.node, original.address, mute.address],
      refreshIntervalMs: 200,
    })
    await using tab = await openPage(browser, `http://${admin.address}/topics/t/c/messages`)
    const { page } = tab
    await heads(page).filter({ hasText: 'mine' }).waitFor()
    await page.getByText(`${original.address}: This nsqd is the original, or an older version`).waitFor()
    await page.getByText(`${mute.address} has not answered yet`).waitFor()
    expect(tab.problems).toEqual([])
  })

  test('a viewer reads messages and the policy, and has no button to act', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-users-'))
    try {
      const hash = await hashPassword('correct horse', { N: 1024, r: 8, p: 1 })
      const authFile = join(folder, 'users')
      writeFileSync(authFile, `viktor:viewer:${hash}\n`)
      await using guarded = await startCluster({ nsqds: 1, admin: { refreshIntervalMs: 200, authFile } })
      await guarded.make('orders', ['billing'])
      await makeDeadLetters(guarded.nsqd, 'orders', 'billing', ['dead'])
      const url = `http://${guarded.admin.address}/topics/orders/billing`
      await using tab = await openPage(browser, `${url}/messages?state=dead`)
      const { page } = tab
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      expect(await page.getByText('dead').count()).toBe(0)
      await logIn(page, 'viktor', 'correct horse')
      await heads(page).click()
      await page.getByLabel('Body', { exact: true }).getByText('dead').waitFor()
      for (const name of ['Redrive', 'Discard']) expect(await page.getByRole('button', { name }).count()).toBe(0)
      await page.goto(`${url}/retries`)
      await page.getByText('A message whose delivery has failed once').waitFor()
      expect(await page.getByRole('button', { name: 'Change' }).count()).toBe(0)
      expect(tab.problems).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** The lines of the list; a click opens one. */
function heads(page: Page): Locator {
  return page.getByRole('list', { name: 'Messages', exact: true }).locator('[data-message-head]')
}

/** The beginnings of the bodies in them. */
function previews(page: Page): Locator {
  return heads(page).locator('.font-mono')
}
