// Two nsqlookupds and three nsqds, each a process; consumers of another project's library that only know the nsqlookupds.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { NsqlookupdProcess } from '../support/nsqlookupd-process.ts'
import { consumeByLookup, Received } from './lookup-consumer.ts'
import { NumberedPublisher } from './numbered.ts'

const TOPIC = 'numbers'
const POLL_INTERVAL_S = 2
const NODES = ['a', 'b', 'c']

test('one nsqlookupd and one nsqd are killed and come back: nothing acknowledged is lost, the rest goes on', async () => {
  await using steady = await NsqlookupdProcess.start()
  const doomed = await NsqlookupdProcess.start()
  const flags = [steady.flag, doomed.flag, '--broadcast-address=127.0.0.1']
  await using a = await NsqdProcess.start(flags)
  const bFlags = [
    ...flags,
    `--tcp-address=127.0.0.1:${await freePort()}`,
    `--http-address=127.0.0.1:${await freePort()}`,
  ]
  await using b = await NsqdProcess.start(bFlags)
  await using c = await NsqdProcess.start(flags)
  const nodes = [a, b, c]
  const allPorts = nodes.map(({ tcpPort }) => tcpPort).sort((x, y) => x - y)
  await eventually(async () => String(await doomed.nodePorts()) === String(allPorts), { what: 'all nsqds registered' })

  // Planned before there is a topic: every nsqd makes them with it, and none of its messages misses one.
  for (const channel of ['one', 'two']) await steady.post(`/channel/create?topic=${TOPIC}&channel=${channel}`)
  const received = { one: new Received(), two: new Received() }
  const lookupds = [steady.httpAddress, doomed.httpAddress]
  const consume = (channel: 'one' | 'two') =>
    consumeByLookup({ lookupds, pollIntervalS: POLL_INTERVAL_S, topic: TOPIC, channel, received: received[channel] })
  using _first = consume('one')
  using _second = consume('one')
  using _third = consume('two')

  const publishers = NODES.map((name) => new NumberedPublisher(name, TOPIC))
  for (const [i, publisher] of publishers.entries()) publisher.start(nodes[i]!.tcpPort)
  const arrived = (node: string) => Object.values(received).every(({ bodies }) => bodies.has(`${node} 0`))
  await eventually(() => NODES.every(arrived), { what: 'every node is consumed from', timeoutMs: 20_000 })

  await doomed.kill()
  await b.kill()
  await publishers[1]!.stop()
  await sleep(3000)
  await using doomedAgain = await NsqlookupdProcess.start(doomed)
  await using bAgain = await NsqdProcess.start([...bFlags, `--data-path=${b.dataPath}`])
  await eventually(async () => String(await doomedAgain.nodePorts()) === String(allPorts), {
    what: 'the restarted nsqlookupd knows all nsqds',
    timeoutMs: 15_000, // one ping interval
  })
  expect(await steady.nodePorts()).toEqual(allPorts)
  publishers[1]!.start(bAgain.tcpPort)
  await sleep(2000)
  for (const publisher of publishers) await publisher.stop()

  // Nothing is missing of the killed node either: by default it keeps what it has acknowledged.
  for (const channel of [received.one, received.two]) {
    for (const { acknowledged } of publishers) {
      await eventually(() => channel.missing(acknowledged).length === 0, {
        what: 'all that was acknowledged arrives',
        timeoutMs: 20_000,
      }).catch(() => expect(channel.missing(acknowledged)).toEqual([]))
      expect(acknowledged.length).toBeGreaterThan(100)
    }
    for (const node of ['a', 'c']) expect(channel.stallMs(node)).toBeLessThan(POLL_INTERVAL_S * 1000)
  }
  for (const { crash } of [a, bAgain, c]) expect(crash).toBeUndefined()
})

test('a channel is made with its topic on a node that gets the topic later', async () => {
  await using lookupd = await NsqlookupdProcess.start()
  const flags = [lookupd.flag, '--broadcast-address=127.0.0.1']
  await using first = await NsqdProcess.start(flags)
  using consumer = await first.connect()
  await consumer.subscribe('later', 'everywhere', 1)
  using tail = await first.connect()
  await tail.subscribe('later', 'tail#ephemeral', 1)
  const { channels } = await eventualChannels(lookupd, 'later', 2)
  expect(channels).toEqual(['everywhere', 'tail#ephemeral'])
  for (let i = 0; i < 3; i++) {
    await using next = await NsqdProcess.start(flags)
    expect((await next.http('POST', '/pub?topic=later', 'first')).text).toBe('OK')
    const [topic] = await next.topics()
    expect(topic?.channels.map(({ channel_name, depth }) => [channel_name, depth])).toEqual([['everywhere', 1]])
  }
})

async function eventualChannels(lookupd: NsqlookupdProcess, topic: string, count: number) {
  let found: { channels: string[] } = { channels: [] }
  await eventually(
    async () => {
      found = await lookupd.get(`/channels?topic=${topic}`)
      return found.channels.length === count
    },
    { what: `${count} channels of ${topic}` },
  )
  return found
}
