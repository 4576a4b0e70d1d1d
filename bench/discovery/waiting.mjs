// Clients of nsqlookupd that wait for news (long poll), each on a connection of its own as it would be from many machines.
import { once } from 'node:events'
import { connect } from 'node:net'

export class Waiting {
  #sockets = []
  #answered = 0
  #wake = () => {}

  /** Resolves when all of them wait, shared out evenly over the topics. */
  static async start(httpPort, topics, count) {
    const waiting = new Waiting()
    const tokens = await Promise.all(topics.map((topic) => tokenOf(httpPort, topic)))
    for (let i = 0; i < count; i++) {
      const socket = connect(httpPort, '127.0.0.1')
      waiting.#sockets.push(socket)
      await once(socket, 'connect')
      const which = i % topics.length
      socket.write(requestFor(`/lookup?topic=${topics[which]}&wait=5m&since=${tokens[which]}`))
      socket.once('data', () => {
        waiting.#answered++
        waiting.#wake()
      })
    }
    while ((await waitingRequests(httpPort)) < count) await new Promise(setImmediate)
    return waiting
  }

  /** Resolves when so many have their answer. */
  async answered(count) {
    while (this.#answered < count) await new Promise((resolve) => (this.#wake = resolve))
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
  }
}

function requestFor(path) {
  return `GET ${path} HTTP/1.1\r\nHost: nsqlookupd\r\n\r\n`
}

async function tokenOf(httpPort, topic) {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/lookup?topic=${topic}&wait=0s`)
  await answer.text()
  return answer.headers.get('x-nsq-since')
}

async function waitingRequests(httpPort) {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  return Number(/^nsqlookupd_waiting_requests (\d+)/m.exec(text)[1])
}
