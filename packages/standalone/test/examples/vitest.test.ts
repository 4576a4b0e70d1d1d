import { startBroker } from '@nsq-ts/standalone'
import nsq from 'nsqjs'
import { expect, test } from 'vitest'

test('what was published is consumed', async () => {
  await using broker = await startBroker()
  await fetch(`${broker.http.url}/pub?topic=orders`, { method: 'POST', body: 'one coffee' })

  const reader = new nsq.Reader('orders', 'kitchen', { nsqdTCPAddresses: broker.tcp.address })
  const order = await new Promise<string>((resolve, reject) => {
    reader.on('error', reject)
    reader.on('message', (message) => {
      message.finish()
      resolve(message.body.toString())
    })
    reader.connect()
  })
  reader.close()

  expect(order).toBe('one coffee')
})
