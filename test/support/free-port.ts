import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of 127.0.0.1 that a server can have, lose and have again. It lies below those that the system gives to outgoing
 * connections: there, whoever tries to reach a server that is gone could take its port, or even reach himself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 28_000 + Math.floor(Math.random() * 4000)
    const server = createServer()
    const taken = once(server, 'error').then(() => true)
    server.listen(port, '127.0.0.1')
    if (await Promise.race([taken, once(server, 'listening').then(() => false)])) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
