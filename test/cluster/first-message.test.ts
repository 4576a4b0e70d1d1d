// A node that has never been heard of gets a topic that it has never had, and publishes to it the moment it is up. Whoever has
// registered a channel of that topic before, anywhere, gets the very first message.
import { startBroker, type Broker } from '@nsq-ts/standalone'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'

const RUN_COUNT = 200

test(`the first message on a brand-new node reaches a channel registered beforehand: ${RUN_COUNT} of ${RUN_COUNT}`, async () => {
  await using established = await startBroker({ lookupd: true })
  const lookupd = established.lookupd!
  const topics = Array.from({ length: RUN_COUNT }, (_, i) => `topic-${i}`)
  for (const [i, topic] of topics.entries()) {
    // By turns: it exists at a node of the cluster, or somebody has planned it.
    const url = i % 2 === 0 ? established.http.url : lookupd.http.url
    await post(`${url}/topic/create?topic=${topic}`)
    await post(`${url}/channel/create?topic=${topic}&channel=beforehand`)
  }
  await eventually(async () => (await namesOf(lookupd.http.url)).length === RUN_COUNT, { what: 'all are registered' })

  const depths: Record<string, number>[] = []
  for (const topic of topics) {
    await using node = await startBroker({ nsqd: { lookupdTcpAddresses: [lookupd.tcp.address] } })
    await post(`${node.http.url}/pub?topic=${topic}`, 'first')
    depths.push(await depthsOf(node, topic))
  }
  expect(depths).toEqual(topics.map(() => ({ beforehand: 1 })))
}, 120_000)

async function post(url: string, body = ''): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  await answer.text()
}

async function namesOf(url: string): Promise<string[]> {
  return ((await (await fetch(`${url}/topics`)).json()) as { topics: string[] }).topics
}

/** How many messages wait in each channel of the topic. */
async function depthsOf({ http }: Broker, topic: string): Promise<Record<string, number>> {
  const answer = await fetch(`${http.url}/stats?format=json&topic=${topic}`)
  const { topics } = (await answer.json()) as {
    topics: { channels: { channel_name: string; depth: number }[] }[]
  }
  const channels = topics[0]?.channels ?? []
  return Object.fromEntries(channels.map(({ channel_name, depth }) => [channel_name, depth]))
}
