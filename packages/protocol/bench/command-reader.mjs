// What the reader and the recognition of words cost per command: FINs, and PUBs of 100 bytes, in chunks of 64 KiB.
import { Bench } from 'tinybench'
import { Command, CommandReader, fin, parseIdHi, parseIdLo, pub, readCommand } from '@nsq-ts/protocol'

const CHUNK_SIZE = 65_536
const BODY_SIZE = 100

class FinHandler {
  commands = 0

  onLine(buf, start, end) {
    if (readCommand(buf, start, end) !== Command.fin) throw new Error('not a FIN')
    if (parseIdHi(buf, start + 4) < 0 || parseIdLo(buf, start + 4) < 0) throw new Error('no id')
    this.commands++
  }

  onBytes() {}
}

class PubHandler {
  commands = 0
  reader
  #inBody = false

  onLine(buf, start, end) {
    if (readCommand(buf, start, end) !== Command.pub) throw new Error('not a PUB')
    this.reader.need(4)
  }

  onBytes(buf, start) {
    if (this.#inBody) this.commands++
    else this.reader.need(buf.readInt32BE(start))
    this.#inBody = !this.#inBody
  }
}

const bench = new Bench({ time: 500, warmupTime: 250 })
const perRound = new Map()

function add(name, command, handler) {
  const count = Math.floor(CHUNK_SIZE / command.length)
  const chunk = Buffer.concat(Array.from({ length: count }, () => command))
  const reader = new CommandReader(handler)
  handler.reader = reader
  perRound.set(name, count)
  bench.add(name, () => {
    const before = handler.commands
    reader.push(chunk)
    if (handler.commands - before !== count) throw new Error(`${name}: ${handler.commands - before} commands seen`)
  })
}

add('FIN', fin('18a28b4dc6e69000'), new FinHandler())
add(`PUB of ${BODY_SIZE} bytes`, pub('topic', Buffer.alloc(BODY_SIZE, 10)), new PubHandler())

await bench.run()
for (const { name, result } of bench.tasks) {
  if (result.error !== undefined) throw result.error
  const ns = (result.latency.p50 * 1e6) / perRound.get(name)
  console.log(`${name}: ${ns.toFixed(1)} ns a command (± ${result.latency.rme.toFixed(1)} %)`)
}
