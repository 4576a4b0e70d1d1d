import { ID_OFFSET } from '../dist/log/message-header.js'
import { parseIdHi, parseIdLo } from '@nsq-ts/protocol'

/** A consumer that notes the ids it is given, and finishes all of them when told to. */
export class Consumer {
  readyCount
  msgTimeoutMs = 60_000
  sampleRate = 0
  locality = 2
  #ids = []

  /** @param readyCount how many it takes at a time */
  constructor(readyCount) {
    this.readyCount = readyCount
  }

  send(bytes, start, end) {
    for (let at = start; at < end; at += 4 + bytes.readUInt32BE(at)) {
      this.#ids.push(parseIdHi(bytes, at + ID_OFFSET), parseIdLo(bytes, at + ID_OFFSET))
    }
  }

  finishAll(channel, lane) {
    const count = this.#ids.length / 2
    for (let i = 0; i < this.#ids.length; i += 2) channel.finish(lane, this.#ids[i], this.#ids[i + 1])
    this.#ids.length = 0
    return count
  }

  sendAgain() {
    throw new Error('a message came twice')
  }

  channelClosed() {}
}
