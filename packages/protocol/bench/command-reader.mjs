// Nanoseconds per command of the reader and the word recognition: FINs, and PUBs of 100 bytes, in 64 KiB chunks.
import { Command, CommandReader, fin, parseIdHi, parseIdLo, pub, readCommand } from '@nsq-ts/protocol'

const ROUNDS = 2000

function measure(name, command, handlerOf) {
  const count = Math.floor(65536 / command.length)
  const chunk = Buffer.concat(Array.from({ length: count }, () => command))
  const seen = { commands: 0 }
  const handler = handlerOf(seen)
  handler.reader = new CommandReader(handler)
  for (let warm = 0; warm < 200; warm++) handler.reader.push(chunk)
  const startedAt = performance.now()
  for (let round = 0; round < ROUNDS; round++) handler.reader.push(chunk)
  const ns = ((performance.now() - startedAt) * 1e6) / (ROUNDS * count)
  if (seen.commands !== (ROUNDS + 200) * count) throw new Error(`${name}: ${seen.commands} commands seen`)
  console.log(`${name}: ${ns.toFixed(1)} ns a command`)
}

measure('FIN', fin('18a28b4dc6e69000'), (seen) => ({
  onLine(buf, start, end) {
    if (readCommand(buf, start, end) !== Command.fin) throw new Error('not a FIN')
    if (parseIdHi(buf, start + 4) < 0 || parseIdLo(buf, start + 4) < 0) throw new Error('no id')
    seen.commands++
  },
  onBytes() {},
}))

measure('PUB', pub('topic', Buffer.alloc(100, 10)), (seen) => ({
  reader: undefined,
  inBody: false,
  onLine(buf, start, end) {
    if (readCommand(buf, start, end) !== Command.pub) throw new Error('not a PUB')
    this.reader.need(4)
  },
  onBytes(buf, start) {
    if (this.inBody) seen.commands++
    else this.reader.need(buf.readInt32BE(start))
    this.inBody = !this.inBody
  },
}))
