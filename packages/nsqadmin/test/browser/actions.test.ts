import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { eventually } from '../../../../test/support/eventually.ts'
import { startCluster } from '../fixtures/cluster.ts'
import type { RunningCluster } from '../fixtures/cluster.ts'
import { CHROMIUM, launchBrowser, openPage } from './support/browser.ts'

// Every action of the page, done by hand on a real cluster, and looked for where it should have happened: on the nsqds.

describe.skipIf(CHROMIUM === undefined)('actions', () => {
  let browser: Browser
  let cluster: RunningCluster
  const at = (path: string): string => `http://${cluster.admin.address}${path}`
  const open = (path: string) => openPage(browser, at(path))

  beforeAll(async () => {
    browser = await launchBrowser()
    cluster = await startCluster({ nsqd: { retainForMs: 3_600_000 }, admin: { refreshIntervalMs: 200 } })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await browser.close()
  })

  /** Types the name into the dialog that is open, and says yes. */
  async function confirm(page: Page, name: string, verb: string): Promise<void> {
    const dialog = page.getByRole('dialog')
    const yes = dialog.getByRole('button', { name: verb })
    expect(await yes.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill(`${name}x`)
    expect(await yes.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill(name)
    await yes.click()
    await dialog.waitFor({ state: 'hidden' })
  }

  test('a message is published, at once and deferred', async () => {
    await cluster.make('publish-me', ['reader'])
    await using tab = await open('/topics/publish-me')
    const { page } = tab
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Message').fill('hello, wörld')
    await dialog.getByRole('button', { name: 'Publish message' }).click()
    await page.getByText('Published to publish-me on').first().waitFor()
    await dialog.getByLabel('Message').fill('later')
    await dialog.getByLabel('Defer by').fill('3600')
    await dialog.getByLabel('Node').selectOption(cluster.nsqd.node)
    await dialog.getByRole('button', { name: 'Publish message' }).click()
    await page.getByText('deferred by 3600 s').first().waitFor()
    const counts = async () => {
      const channels = await Promise.all(
        cluster.nsqds.map(async (nsqd) => (await nsqd.topic('publish-me')).channels[0]),
      )
      return [sum(channels.map(({ depth }) => depth)), sum(channels.map((channel) => channel.deferred_count))]
    }
    await eventually(async () => (await counts()).join() === '1,1', { what: 'one message waits, one is deferred' })
    expect(tab.problems).toEqual([])
  })

  test('a topic is paused and unpaused on every node', async () => {
    await cluster.make('pause-me', ['reader'])
    await using tab = await open('/topics/pause-me')
    const { page } = tab
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Pause topic' }).click()
    await page.getByRole('button', { name: 'Unpause' }).waitFor()
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('pause-me')).paused).toBe(true)
    await page.getByRole('button', { name: 'Unpause' }).click()
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('pause-me')).paused).toBe(false)
    expect(tab.problems).toEqual([])
  })

  test('a channel is paused, unpaused, emptied and deleted once its name is typed', async () => {
    await cluster.make('shop', ['billing#ephemeral'])
    for (const nsqd of cluster.nsqds) await nsqd.publish('shop', 'a', 'b')
    await using tab = await open('/topics/shop/billing%23ephemeral')
    const { page } = tab
    const channel = async () => (await cluster.nsqd.topic('shop')).channels[0]
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Pause channel' }).click()
    await page.getByRole('button', { name: 'Unpause' }).waitFor()
    expect((await channel()).paused).toBe(true)
    await page.getByRole('button', { name: 'Unpause' }).click()
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
    expect((await channel()).paused).toBe(false)

    await page.getByRole('button', { name: 'Empty', exact: true }).click()
    await page.getByRole('dialog').getByText('4 messages').waitFor() // what will be gone
    await confirm(page, 'billing#ephemeral', 'Empty channel')
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('shop')).channels[0].depth).toBe(0)

    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await confirm(page, 'billing#ephemeral', 'Delete channel')
    await page.waitForURL(at('/topics/shop'))
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('shop')).channels).toEqual([])
    expect(tab.problems).toEqual([])
  })

  test('a topic is emptied and deleted once its name is typed', async () => {
    await cluster.make('leftovers')
    for (const nsqd of cluster.nsqds) await nsqd.publish('leftovers', 'a', 'b', 'c')
    await using tab = await open('/topics/leftovers')
    const { page } = tab
    await page.getByRole('button', { name: 'Empty', exact: true }).click()
    await page.getByRole('dialog').getByText('6 messages').waitFor()
    await confirm(page, 'leftovers', 'Empty topic')
    for (const nsqd of cluster.nsqds) expect((await nsqd.topic('leftovers')).depth).toBe(0)
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await confirm(page, 'leftovers', 'Delete topic')
    await page.waitForURL(at('/'))
    for (const nsqd of cluster.nsqds) expect(await nsqd.topics()).not.toContain('leftovers')
    expect(tab.problems).toEqual([])
  })

  test('a topic is tombstoned on one node, and stays on the other', async () => {
    await cluster.make('half', ['reader'])
    const [first, second] = cluster.nsqds as [(typeof cluster.nsqds)[0], (typeof cluster.nsqds)[0]]
    await using tab = await open('/topics/half')
    await tab.page.getByRole('button', { name: `Tombstone on ${first.node}` }).click()
    await confirm(tab.page, 'half', 'Tombstone')
    expect(await first.topics()).not.toContain('half')
    expect(await second.topics()).toContain('half')

    await tab.page.goto(at(`/nodes/${encodeURIComponent(second.node)}`))
    await tab.page.getByRole('button', { name: 'Tombstone half' }).click()
    await confirm(tab.page, 'half', 'Tombstone')
    expect(await second.topics()).not.toContain('half')
    expect(tab.problems).toEqual([])
  })

  test('a topic and a channel are created in nsqlookupd, and forgotten again', async () => {
    await using tab = await open('/lookup')
    const { page } = tab
    await page.getByRole('textbox', { name: 'Topic' }).fill('not valid!')
    expect(await page.getByRole('button', { name: 'Create' }).isDisabled()).toBe(true)
    await page.getByRole('textbox', { name: 'Topic' }).fill('announced')
    await page.getByRole('textbox', { name: 'Channel' }).fill('early')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('button', { name: 'Delete announced/early' }).waitFor()
    expect((await cluster.askLookupd('/channels?topic=announced')).json.channels).toEqual(['early'])
    await page.getByRole('button', { name: 'Delete announced/early' }).click()
    await confirm(page, 'early', 'Delete channel')
    await page.getByRole('button', { name: 'Delete announced', exact: true }).click()
    await confirm(page, 'announced', 'Delete topic')
    expect((await cluster.askLookupd('/topics')).json.topics).not.toContain('announced')
    expect(tab.problems).toEqual([])
  })

  test('what a failed action says is shown, and the dialog stays', async () => {
    await cluster.make('refused', ['reader'])
    await using tab = await open('/topics/refused')
    await tab.page.getByRole('button', { name: 'Pause', exact: true }).click()
    await cluster.admin.call('DELETE', '/api/topics/refused')
    await tab.page.getByRole('button', { name: 'Pause topic' }).click()
    await tab.page.getByText('That did not work').first().waitFor()
    expect(await tab.page.getByRole('dialog').count()).toBe(1)
    expect(tab.problems).toEqual([])
  })

  test('a channel is rewound to a time, and what was published since comes again on it', async () => {
    await cluster.make('again', ['c', 'other'])
    for (const nsqd of cluster.nsqds) {
      await nsqd.publish('again', 'a', 'b')
      await nsqd.post('/channel/empty?topic=again&channel=c')
    }
    await using tab = await open('/topics/again/c')
    const { page } = tab
    await page.getByRole('button', { name: 'Rewind' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Back to').fill('2999-01-01T00:00:00')
    await dialog.getByText('This time is yet to come').waitFor()
    await dialog.getByLabel('Back to').fill('2020-01-01T00:00:00')
    await dialog.getByRole('button', { name: 'Rewind channel' }).click()
    await page
      .getByText(/Rewound again\/c: 4 messages come again/)
      .first()
      .waitFor()
    for (const nsqd of cluster.nsqds) {
      const depths = (await nsqd.topic('again')).channels.map(({ depth }: { depth: number }) => depth)
      expect(depths).toEqual([2, 2])
    }
    expect(tab.problems).toEqual([])
  })

  test('a tail shows messages as they come, and its channel goes with the page', async () => {
    await cluster.make('watched', ['reader'])
    const tab = await open('/topics/watched')
    await tab.page.getByRole('button', { name: 'Tail live' }).click()
    const channels = async () => (await cluster.nsqd.topic('watched')).channels.length
    await eventually(async () => (await channels()) === 2, { what: 'the tail has a channel of its own' })
    await cluster.nsqd.publish('watched', '<b>bold</b>')
    await tab.page.getByRole('list', { name: 'Messages, newest first' }).getByText('<b>bold</b>').waitFor()
    expect(tab.problems).toEqual([])
    await tab[Symbol.asyncDispose]()
    await eventually(async () => (await channels()) === 1, { what: 'the channel is gone' })
  })
})

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
