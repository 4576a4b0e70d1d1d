// A server that says what no server should, at any moment: nobody is taken down, and everybody can still be closed.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { type ConnectionOptions, Consumer, Producer } from '@nsq-ts/client'
import { encodeFrame, encodeMessage, FrameType, HEARTBEAT_FRAME, OK_FRAME } from '@nsq-ts/protocol'
import { seededRandom } from './support/chaos-proxy.ts'

const SEED = Number(process.env['GARBAGE_SEED'] ?? Date.now() % 1_000_000)
const CONNECTIONS = 400
const TEXTS = [
  'OK',
  'CLOSE_WAIT',
  '{',
  '{}',
  '{"max_rdy_count":-1}',
  '',
  'E_INVALID',
  'E_TOUCH_FAILED TOUCH x',
  'E_FIN_FAILED',
]

/** One thing to say. */
function anything(random: () => number): Buffer {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)))
  switch (Math.floor(random() * 8)) {
    case 0:
      return bytes(40)
    case 1:
      return encodeFrame(FrameType.message, bytes(Math.floor(random() * 40)))
    case 2:
      return encodeFrame(pick([FrameType.response, FrameType.error]), pick(TEXTS))
    case 3:
      return encodeFrame(7 as FrameType, 'x')
    case 4:
      return HEARTBEAT_FRAME
    case 5: {
      const message = { id: '0123456789abcdef', attempts: 65_535, timestampNs: -1n, body: bytes(3) }
      return encodeFrame(FrameType.message, encodeMessage(message))
    }
    case 6:
      return encodeFrame(
        FrameType.response,
        JSON.stringify({ tls_v1: true, snappy: true, auth_required: random() < 0.5 }),
      )
    default:
      return OK_FRAME
  }
}

test(`garbage takes nobody down, seed ${SEED}`, async () => {
  const random = seededRandom(SEED)
  const sockets = new Set<Socket>()
  const met = { count: 0 }
  const server = createServer((socket) => {
    met.count++
    sockets.add(socket)
    socket.on('error', () => {}) // of a client that had enough
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', () => {
      for (let said = Math.floor(random() * 4); said > 0; said--) socket.write(anything(random))
      if (random() < 0.2) socket.resetAndDestroy()
    })
    if (random() < 0.5) socket.write(OK_FRAME) // as if it had understood IDENTIFY
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const nsqd = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const uncaught: unknown[] = []
  const onUncaught = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', onUncaught).on('unhandledRejection', onUncaught)

  const layers: ConnectionOptions[] = [{}, {}, { snappy: true }, { deflate: true }, { tls: true }, { authSecret: 'x' }]
  while (met.count < CONNECTIONS) {
    const clients = layers.map((layer) => {
      const options = { nsqd, connectTimeout: 50, ...layer }
      const producer = new Producer(options)
      producer.publish('t', 'x', { timeout: 30 }).catch(() => {}) // nobody stores it
      const consumer = new Consumer({ topic: 't', channel: 'c', ...options })
      void consumer.run((message) => {
        if (message.body.length === 0) throw new Error('no')
      })
      return [producer, consumer] as const
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    await Promise.all(clients.flat().map((client) => client.close({ timeout: 0 })))
  }
  for (const socket of sockets) socket.destroy()
  server.close()
  process.off('uncaughtException', onUncaught).off('unhandledRejection', onUncaught)
  expect(uncaught).toEqual([])
})
