// What goes on in the scenes: a shop with a dozen topics, or two thousand of them.
import { setTimeout as delay } from 'node:timers/promises'

const SHOP = {
  orders: { perSecond: 40, channels: ['billing', 'shipping', 'analytics'], consumers: 3 },
  payments: { perSecond: 22, channels: ['ledger', 'fraud-check'], consumers: 2 },
  'cart.updated': { perSecond: 90, channels: ['recommendations'], consumers: 2 },
  'email.outgoing': { perSecond: 8, channels: ['smtp'], consumers: 1 },
  'image.resize': { perSecond: 15, channels: ['workers'], consumers: 4 },
  'inventory.changed': { perSecond: 12, channels: ['search-index', 'cache#ephemeral'], consumers: 1 },
  pageviews: { perSecond: 150, channels: ['warehouse'], consumers: 2 },
  'audit.log': { perSecond: 5, channels: ['archive'], consumers: 0 }, // nobody takes them
  'user.signup': { perSecond: 1, channels: ['crm', 'welcome-mail'], consumers: 1 },
  'webhooks.incoming': { perSecond: 6, channels: ['dispatch'], consumers: 1 },
}
const TICK_MS = 200

/** Publishes and consumes until the answer is called. */
export async function runShop(scene) {
  const stop = new AbortController()
  const producers = [scene.producer(0), scene.producer(1)]
  for (const [topic, { channels, consumers }] of Object.entries(SHOP)) {
    for (const channel of channels) {
      for (const index of [0, 1]) {
        await scene.post(index, `/topic/create?topic=${topic}`)
        await scene.post(index, `/channel/create?topic=${topic}&channel=${encodeURIComponent(channel)}`)
      }
      for (let i = 0; i < consumers; i++) scene.consumer(topic, channel, async () => delay(Math.random() * 30))
    }
  }
  await scene.post(0, '/channel/pause?topic=webhooks.incoming&channel=dispatch')
  const tick = async () => {
    while (!stop.signal.aborted) {
      const wave = 1 + 0.35 * Math.sin(Date.now() / 20_000)
      for (const [topic, { perSecond }] of Object.entries(SHOP)) {
        const expected = (perSecond * wave * TICK_MS) / 1000
        const messages = Math.floor(expected) + (Math.random() < expected % 1 ? 1 : 0)
        const bodies = Array.from({ length: messages }, () => JSON.stringify({ topic, at: Date.now() }))
        if (bodies.length === 0) continue
        // Not waited for: a publish to a node that is down waits for it, and the others go on.
        producers[Math.random() < 0.5 ? 0 : 1].publish(topic, bodies).catch(() => {})
      }
      await delay(TICK_MS)
    }
  }
  const running = tick()
  return async () => {
    stop.abort()
    await running
  }
}

/** Topics with three channels each, a part of them busy. */
export async function makeMany(scene, topics) {
  for (let from = 0; from < topics; from += 50) {
    const names = Array.from(
      { length: Math.min(50, topics - from) },
      (_, i) => `service-${String(from + i).padStart(4, '0')}.events`,
    )
    await Promise.all(
      names.map(async (topic, i) => {
        const index = i % 2
        await scene.post(index, `/topic/create?topic=${topic}`)
        for (const channel of ['archive', 'metrics', 'worker']) {
          await scene.post(index, `/channel/create?topic=${topic}&channel=${channel}`)
        }
        await scene.post(index, `/mpub?topic=${topic}`, 'a\n'.repeat((from + i) % 17))
      }),
    )
  }
}

/** Publishes to `topics` of those each tick, so that so many rows change. */
export function stirMany(scene, topics) {
  const stop = new AbortController()
  const tick = async () => {
    while (!stop.signal.aborted) {
      const names = Array.from({ length: topics }, (_, i) => ({
        index: i % 2,
        topic: `service-${String(i).padStart(4, '0')}.events`,
      }))
      for (let from = 0; from < names.length; from += 40) {
        await Promise.all(
          names.slice(from, from + 40).map(({ index, topic }) => scene.post(index, `/pub?topic=${topic}`, 'x')),
        )
      }
      await delay(500)
    }
  }
  const running = tick()
  return async () => {
    stop.abort()
    await running
  }
}

const ORDER = (id, extra = {}) => ({
  id,
  customer: { id: id % 97, name: 'Ada Lovelace', vip: id % 5 === 0 },
  lines: [{ sku: 'ENGINE-1', quantity: 1 + (id % 3), price: 19.95 }],
  placedAt: new Date(1_795_000_000_000 + id * 1000).toISOString(),
  ...extra,
})

/** One channel with messages in every state: thousands that wait, some with a consumer, some for later, some that failed. */
export async function makeMessages(scene) {
  const at = 'topic=orders&channel=billing'
  for (const index of [0, 1]) {
    await scene.post(index, '/topic/create?topic=orders')
    await scene.post(index, `/channel/create?${at}`)
    await scene.post(index, `/channel/retries?${at}&max_attempts=1&backoff=1s,10s,1m`)
    const failing = [1, 2, 3].map((n) => JSON.stringify(ORDER(9000 + 10 * index + n, { currency: null })))
    await scene.post(index, '/mpub?topic=orders', failing.join('\n'))
  }
  const failing = scene.consumer('orders', 'billing', async () => Promise.reject(new Error('no currency')))
  await delay(1500)
  await failing.close({ timeout: 0 })
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7) % 256))
  const huge = { ...ORDER(1), id: 12_345_678, lines: Array.from({ length: 4000 }, (_, i) => ORDER(i).lines[0]) }
  for (const index of [0, 1]) {
    await scene.post(index, '/mpub?topic=orders', [1, 2, 3].map((n) => JSON.stringify(ORDER(100 + n))).join('\n'))
    await scene.post(index, '/pub?topic=orders', bytes)
    await scene.post(index, '/pub?topic=orders', JSON.stringify(huge))
    await scene.post(index, '/pub?topic=orders', 'plain text, with a line\nbreak and ünïcödé')
    const waiting = Array.from({ length: 3000 }, (_, i) => JSON.stringify(ORDER(i)))
    await scene.post(index, '/mpub?topic=orders', waiting.join('\n'))
    for (const defer of ['90s', '1h', '36h', '240h']) {
      await scene.post(index, `/pub?topic=orders&defer=${defer}`, JSON.stringify(ORDER(500, { remindAfter: defer })))
    }
  }
  scene.consumer('orders', 'billing', () => new Promise(() => {}), { maxInFlight: 6, clientId: 'till-1' })
  await delay(1500)
}
