import { command, connect, IDENTIFY, mpub } from './connection.mjs'

/**
 * Publishes for `seconds`, or until `messages` were sent, over `connections` connections, each with at most `window` packets of
 * `batch` messages (PUB if that is 1) unanswered.
 * @returns {Promise<{ done: number, ops: number }>} messages answered with OK, and how many of them a second
 */
export async function publish({ port, topic, size, batch, connections, window, seconds, messages = Infinity }) {
  const bodies = Array.from({ length: batch }, () => Buffer.alloc(size, 'a'))
  const packet = batch === 1 ? command(`PUB ${topic}`, bodies[0]) : mpub(topic, bodies)
  const run = { port, packet, batch, window, messages, until: Date.now() + seconds * 1000, sent: 0, done: 0 }
  const startedAt = process.hrtime.bigint()
  await Promise.all(Array.from({ length: connections }, () => publishOverOne(run)))
  return { done: run.done, ops: run.done / (Number(process.hrtime.bigint() - startedAt) / 1e9) }
}

/** Resolves when nothing more is to be sent and everything was answered. */
function publishOverOne(run) {
  return new Promise((resolve, reject) => {
    let socket
    let unanswered = 0
    let identified = false
    const sendMore = () => {
      while (unanswered < run.window && run.sent < run.messages && Date.now() < run.until) {
        socket.write(run.packet)
        unanswered++
        run.sent += run.batch
      }
      if (unanswered > 0) return
      socket.destroy()
      resolve()
    }
    connect(run.port, {
      onFrame() {
        if (identified) {
          unanswered--
          run.done += run.batch
        }
        identified = true // the first answer is IDENTIFY's
      },
      onTurn: () => identified && sendMore(),
      onError: reject,
    }).then((connected) => {
      socket = connected
      socket.write(IDENTIFY)
    }, reject)
  })
}
