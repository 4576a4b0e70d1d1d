// A cluster in this process to look at: one nsqlookupd, two nsqds, nsqadmin, and whoever publishes and consumes. The build is used.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer, Producer } from '@nsq-ts/client'
import { resolveOptions, silentLogger } from '@nsq-ts/daemon'
import { Nsqd, nsqdTable } from '@nsq-ts/nsqd'
import { Nsqlookupd, nsqlookupdTable } from '@nsq-ts/nsqlookupd'
import { Nsqadmin, nsqadminTable } from '@nsq-ts/nsqadmin'

const fail = (error) => {
  throw error
}
const defaults = (table, program) => resolveOptions(table, [], { program }).options
const FREE = '127.0.0.1:0'

/**
 * @param admin options of nsqadmin, over its defaults
 * @returns the cluster; `close` ends all of it
 */
export async function startScene({ admin: adminOptions = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nsqadmin-scene-'))
  const lookupd = new Nsqlookupd(
    { ...defaults(nsqlookupdTable, 'nsqlookupd'), tcpAddress: FREE, httpAddress: FREE },
    silentLogger(),
    fail,
  )
  await lookupd.start()
  const nsqds = []
  for (const index of [1, 2]) {
    const nsqd = new Nsqd(
      {
        ...defaults(nsqdTable, 'nsqd'),
        tcpAddress: FREE,
        httpAddress: FREE,
        broadcastAddress: '127.0.0.1',
        dataPath: mkdtempSync(join(folder, `nsqd-${index}-`)),
        lookupdTcpAddresses: [lookupd.tcpAddress.text],
        e2eProcessingLatencyPercentiles: [0.99, 0.95],
      },
      silentLogger(),
      fail,
    )
    await nsqd.start()
    nsqds.push(nsqd)
  }
  const admin = new Nsqadmin(
    {
      ...defaults(nsqadminTable, 'nsqadmin'),
      httpAddress: FREE,
      lookupdHttpAddresses: [lookupd.httpAddress.text],
      ...adminOptions,
    },
    silentLogger(),
    fail,
  )
  await admin.start()
  const clients = []
  return {
    lookupd,
    nsqds,
    admin,
    url: `http://127.0.0.1:${admin.httpAddress.port}`,
    producer(index) {
      const producer = new Producer({ nsqd: nsqds[index].addresses.tcp.text, timeout: '2s' })
      producer.on('error', () => {})
      clients.push(producer)
      return producer
    },
    /** Consumes from both nsqds. */
    consumer(topic, channel, handler, options = {}) {
      const nsqd = nsqds.map(({ addresses }) => addresses.tcp.text)
      const consumer = new Consumer({ topic, channel, nsqd, ...options })
      consumer.on('error', () => {})
      void consumer.run(handler, { concurrency: 25 }).catch(() => {})
      clients.push(consumer)
      return consumer
    },
    /** POST to an nsqd: `/channel/create?topic=a&channel=b`. */
    async post(index, path, body = '') {
      const response = await fetch(`http://${nsqds[index].addresses.http.text}${path}`, { method: 'POST', body })
      await response.arrayBuffer()
    },
    async close() {
      await Promise.allSettled(clients.map((client) => client.close({ timeout: 0 })))
      await admin.close()
      for (const nsqd of nsqds) await nsqd.close()
      await lookupd.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
