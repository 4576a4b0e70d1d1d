import { fin, pub, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { observeFin } from '../src/stats/fin-latency.ts'
import { prometheusText } from '../src/stats/prometheus.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'
import { UpgradedConnection } from './support/upgraded-connection.ts'

/** The figures of a scrape by name and labels: `nsqd_channel_depth{topic="t",channel="c"}` -> 3. */
async function scrape(nsqd: TestNsqd): Promise<Map<string, number>> {
  const { body, headers, status } = await nsqd.ask('GET', '/metrics')
  expect(status).toBe(200)
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('tells what happens to the messages of topics and channels', async () => {
  await using nsqd = await startNsqd('--durability=fsync')
  using client = UpgradedConnection.open(nsqd.tcpPort)
  await client.ask(sub('t', 'c'))
  client.send(rdy(2))
  for (let i = 0; i < 4; i++) await client.ask(pub('t', Buffer.from('body')))
  client.send(fin((await client.message()).id))
  await expect.poll(async () => (await scrape(nsqd)).get('nsqd_channel_in_flight{topic="t",channel="c"}')).toBe(2)
  const figures = await scrape(nsqd)
  const of = (name: string) => figures.get(`${name}{topic="t",channel="c"}`)
  expect(figures.get('nsqd_topic_messages_total{topic="t"}')).toBe(4)
  expect(figures.get('nsqd_topic_message_bytes_total{topic="t"}')).toBe(16)
  expect(of('nsqd_channel_messages_total')).toBe(4)
  expect(of('nsqd_channel_depth')).toBe(1)
  expect(of('nsqd_channel_clients')).toBe(1)
  expect(of('nsqd_channel_publish_to_finish_seconds_count')).toBe(1)
  expect(of('nsqd_channel_publish_to_finish_seconds_sum')).toBeLessThan(5)
  expect(figures.get('nsqd_channel_publish_to_finish_seconds_bucket{le="+Inf",topic="t",channel="c"}')).toBe(1)
  expect(figures.get('nsqd_channel_publish_to_finish_seconds_bucket{le="3600",topic="t",channel="c"}')).toBe(1)
  expect(figures.get('nsqd_log_written_bytes_total')).toBeGreaterThan(16)
  expect(figures.get('nsqd_log_sync_seconds_count')).toBeGreaterThan(0)
  expect(figures.get('nsqd_connections')).toBe(1)
  expect(figures.get('nsqd_healthy')).toBe(1)
  expect(figures.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
})

test('what is deleted vanishes', async () => {
  await using nsqd = await startNsqd()
  for (const topic of ['a', 'b']) {
    await nsqd.post(`/topic/create?topic=${topic}`)
    await nsqd.post(`/channel/create?topic=${topic}&channel=c`)
  }
  const seriesOf = async (topic: string) =>
    [...(await scrape(nsqd)).keys()].filter((key) => key.includes(`topic="${topic}"`))
  expect(await seriesOf('a')).not.toEqual([])
  await nsqd.post('/topic/delete?topic=a')
  await nsqd.post('/channel/delete?topic=b&channel=c')
  expect(await seriesOf('a')).toEqual([])
  expect((await seriesOf('b')).filter((key) => key.includes('channel='))).toEqual([])
})

test('1,000 channels with their histograms render in less than 50 ms', async () => {
  await using nsqd = await startNsqd('--durability=memory')
  for (let i = 0; i < 1000; i++) {
    const topic = nsqd.nsqd.registry.topic(`topic-${i % 100}`)
    observeFin(nsqd.nsqd.registry.channel(topic, `channel-${i}`), 0x18a28b4d, 0, Date.now() * 1000)
  }
  // CPU time: what else the machine does is no matter here. The best of some, since the first ones are not compiled yet.
  const costsMs = Array.from({ length: 10 }, () => {
    const before = process.cpuUsage()
    expect(prometheusText(nsqd.nsqd).length).toBeGreaterThan(1_000_000)
    const { system, user } = process.cpuUsage(before)
    return (system + user) / 1000
  })
  expect(Math.min(...costsMs)).toBeLessThan(50)
})
