// The cluster on hosts of its own, with links that are cut and healed. It needs root (or CAP_NET_ADMIN and CAP_SYS_ADMIN) and
// iproute2, and is skipped where there are none:
//
//   npx vitest run test/network
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { consumeByLookup, Received } from '../cluster/lookup-consumer.ts'
import { NumberedPublisher } from '../cluster/numbered.ts'
import { eventually } from '../support/eventually.ts'
import { type Host, Hosts } from './hosts.ts'

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const NSQD = path('../../packages/nsqd/bin/nsqd.js')
const NSQLOOKUPD = path('../../packages/nsqlookupd/bin/nsqlookupd.js')
const PUBLISH_HERE = path('publish-here.mjs')

const TOPIC = 'numbers'
const POLL_INTERVAL_S = 2
/** nsqd pings every 15 s, waits 3 s for the answer, and tries again within 5 s after that. */
const NOTICED_WITHIN_MS = 25_000

const obstacle = await Hosts.obstacle()
if (obstacle !== undefined) console.log(`test/network: skipped, ${obstacle}`)

test.skipIf(obstacle !== undefined)(
  'a cluster of five hosts lives through the loss of the link to an nsqlookupd and to an nsqd',
  async () => {
    const hosts = await Hosts.make(5)
    const data = await mkdtemp(join(tmpdir(), 'nsqd-hosts-'))
    onTestFinished(async () => {
      await hosts.close() // also when the test ran out of time
      await rm(data, { recursive: true, force: true })
    })
    await liveThroughCuts(hosts.list, data)
  },
  180_000,
)

async function liveThroughCuts(hosts: readonly Host[], data: string): Promise<void> {
  const [lookupd, otherLookupd, a, b, c] = hosts as [Host, Host, Host, Host, Host]
  const lookupds = [lookupd, otherLookupd]
  const nsqds = [a, b, c]
  for (const host of lookupds) {
    host.run([NSQLOOKUPD, `--broadcast-address=${host.address}`])
  }
  for (const [i, host] of nsqds.entries()) {
    const flags = lookupds.map(({ address }) => `--lookupd-tcp-address=${address}:4160`)
    const dataPath = await mkdtemp(join(data, `${i}-`))
    host.run([NSQD, `--broadcast-address=${host.address}`, `--data-path=${dataPath}`, ...flags])
  }
  const allNodes = nsqds.map(({ address }) => address).sort()
  const knowsAll = async (host: Host) => String(await nodesOf(host)) === String(allNodes)
  for (const host of lookupds)
    await eventually(() => knowsAll(host), { what: `all nsqds registered at ${host.address}` })

  await post(lookupd, 4161, `/channel/create?topic=${TOPIC}&channel=one`)
  const received = new Received()
  const publishers = ['a', 'b', 'c'].map((name) => new NumberedPublisher(name, TOPIC))
  for (const [i, publisher] of publishers.entries()) publisher.start(4150, nsqds[i]!.address)
  using _consumer = consumeByLookup({
    lookupds: lookupds.map(({ address }) => `${address}:4161`),
    pollIntervalS: POLL_INTERVAL_S,
    topic: TOPIC,
    channel: 'one',
    received,
  })
  const isConsumed = (name: string) => received.bodies.has(`${name} 0`)
  await eventually(() => ['a', 'b', 'c'].every(isConsumed), { what: 'every nsqd is consumed from', timeoutMs: 20_000 })

  // An nsqlookupd is cut off. A new topic starts all the same, with the channels that the other one knows.
  await post(otherLookupd, 4161, '/channel/create?topic=planned&channel=p')
  await lookupd.cut()
  const publishedAt = performance.now()
  await post(a, 4151, '/pub?topic=planned', 'first')
  expect(performance.now() - publishedAt).toBeLessThan(1000)
  await eventually(async () => (await depthsOf(a, 'planned')) === '{"p":1}', { what: 'the new topic has started' })
  expect(performance.now() - publishedAt).toBeLessThan(10_000)
  await lookupd.heal()
  await eventually(async () => (await channelsOf(lookupd, 'planned')).includes('p'), {
    what: 'the nsqlookupd learns what it missed',
    timeoutMs: NOTICED_WITHIN_MS,
  })
  await eventually(() => knowsAll(lookupd), { what: 'and knows all nsqds again', timeoutMs: NOTICED_WITHIN_MS })

  // An nsqd is cut off. What is published on its own host waits there, and arrives when the link is back.
  await publishers[1]!.stop()
  await b.cut()
  const script = [PUBLISH_HERE, `${b.address}:4151`, TOPIC, 'alone', '0', '200']
  const alone = (await b.output(script)).split('\n').map((number) => `alone ${number}`)
  expect(alone).toHaveLength(200)
  await sleep(5000)
  expect(received.missing(alone)).not.toEqual([])
  await b.heal()

  await publishers[0]!.stop()
  await publishers[2]!.stop()
  for (const wanted of [alone, ...publishers.map(({ acknowledged }) => acknowledged)]) {
    await eventually(() => received.missing(wanted).length === 0, {
      what: 'all that was acknowledged arrives',
      timeoutMs: NOTICED_WITHIN_MS,
    }).catch(() => expect(received.missing(wanted)).toEqual([]))
  }
  for (const name of ['a', 'c']) expect(received.stallMs(name)).toBeLessThan(POLL_INTERVAL_S * 1000)
}

async function nodesOf({ address }: Host): Promise<string[]> {
  try {
    const answer = await fetch(`http://${address}:4161/nodes`, { signal: AbortSignal.timeout(1000) })
    const { producers } = (await answer.json()) as { producers: { broadcast_address: string }[] }
    // While an old connection is not known to be dead, a node is listed twice.
    return [...new Set(producers.map(({ broadcast_address }) => broadcast_address))].sort()
  } catch {
    return [] // it is still starting
  }
}

async function channelsOf({ address }: Host, topic: string): Promise<string[]> {
  const answer = await fetch(`http://${address}:4161/channels?topic=${topic}`, { signal: AbortSignal.timeout(5000) })
  return ((await answer.json()) as { channels: string[] }).channels
}

/** `{"channel":depth}` */
async function depthsOf({ address }: Host, topic: string): Promise<string> {
  const answer = await fetch(`http://${address}:4151/stats?format=json&topic=${topic}`)
  const { topics } = (await answer.json()) as {
    topics: { channels: { channel_name: string; depth: number }[] }[]
  }
  const channels = topics[0]?.channels ?? []
  return JSON.stringify(Object.fromEntries(channels.map(({ channel_name, depth }) => [channel_name, depth])))
}

async function post({ address }: Host, port: number, path: string, body = ''): Promise<void> {
  const answer = await fetch(`http://${address}:${port}${path}`, { method: 'POST', body })
  expect(answer.status).toBe(200)
}
