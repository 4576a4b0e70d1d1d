import { parseIdHi, parseIdLo, writeMessageId } from '@nsq-ts/protocol'
import { ATTEMPTS_OFFSET, ID_OFFSET, SIZE_FIELD_SIZE, TIMESTAMP_OFFSET } from '../log/message-header.ts'

const FRAME_TYPE_OFFSET = 4
const FRAME_TYPE_MESSAGE = 2

/**
 * A record of a disk queue as a frame of our log: the same bytes behind a frame's header, with attempts = 1, since that
 * is what a first delivery sends.
 */
export class ImportedFrame {
  bytes = Buffer.allocUnsafeSlow(4096)
  end = 0
  idHi = 0
  idLo = 0
  attempts = 0
  /** Messages whose id was not one that a consumer could name: they have another. */
  renumbered = 0

  /** @param record a message of 26 bytes or more */
  set(record: Buffer): void {
    this.end = TIMESTAMP_OFFSET + record.length
    if (this.bytes.length < this.end) this.bytes = Buffer.allocUnsafeSlow(this.end * 2)
    const { bytes } = this
    bytes.writeUInt32BE(this.end - SIZE_FIELD_SIZE, 0)
    bytes.writeUInt32BE(FRAME_TYPE_MESSAGE, FRAME_TYPE_OFFSET)
    record.copy(bytes, TIMESTAMP_OFFSET)
    this.attempts = bytes.readUInt16BE(ATTEMPTS_OFFSET)
    bytes.writeUInt16BE(1, ATTEMPTS_OFFSET)
    this.#setId()
  }

  #setId(): void {
    this.idHi = parseIdHi(this.bytes, ID_OFFSET)
    this.idLo = parseIdLo(this.bytes, ID_OFFSET)
    if (this.idHi >= 0 && this.idLo >= 0) return
    this.idHi = 0 // no nsqd has made such an id since 2010
    this.idLo = ++this.renumbered
    writeMessageId(this.bytes, ID_OFFSET, this.idHi, this.idLo)
  }
}
