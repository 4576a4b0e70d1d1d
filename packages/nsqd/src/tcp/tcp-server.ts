import { createServer, type Server } from 'node:net'
import { AcceptedSocket } from './accepted-socket.ts'
import { ClientV2 } from './client-v2.ts'
import { Refusals } from './refusals.ts'
import type { TcpContext } from './tcp-context.ts'

/** Bytes of output that a socket may hold before its client counts as congested, and gets no more messages until it has read. */
const OUTPUT_HIGH_WATER_MARK = 65536

/** A server for V2 clients; the caller has it listen. Its connections are `context.clients`. */
export function createTcpServer(context: TcpContext): Server {
  let lastId = 0
  const refusals = new Refusals(context)
  // allowHalfOpen: a client that closed its side in the middle of a command is still told so.
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, highWaterMark: OUTPUT_HIGH_WATER_MARK, pauseOnConnect: true },
    (accepted) => {
      if (isFull(context)) return refusals.refuse(accepted)
      const client = new ClientV2(context, new AcceptedSocket(accepted), ++lastId)
      context.logger.info(() => `TCP: new client(${client.remoteAddress})`)
      context.clients.add(client)
      client.start()
    },
  )
  return server
}

function isFull({ clients, maxConnections }: TcpContext): boolean {
  const limit = maxConnections()
  return limit > 0 && clients.size >= limit
}
