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
