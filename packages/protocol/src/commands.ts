// Commands, as a client writes them (NSQ spec, "Commands"):
//
//   WORD [ SP parameter ]... LF [ body ]
//   body of IDENTIFY, AUTH, PUB, DPUB:  [ size: int32 ][ bytes ]
//   body of MPUB:                       [ size of what follows: int32 ][ count: int32 ]( [ size: int32 ][ bytes ] )...
//
// Names and ids are not checked here: that is the caller's, who can say which call was wrong.
import { Buffer } from 'node:buffer'
import { SIZE_FIELD_SIZE } from './frames.ts'
import { MESSAGE_ID_SIZE } from './message-id.ts'

// The magic that opens a connection, and commands without parameters. Shared: never write into these.
export const MAGIC_V2: Buffer = /* @__PURE__ */ Buffer.from('  V2')
export const MAGIC_V1: Buffer = /* @__PURE__ */ Buffer.from('  V1')
export const NOP: Buffer = /* @__PURE__ */ Buffer.from('NOP\n')
export const CLS: Buffer = /* @__PURE__ */ Buffer.from('CLS\n')
export const PING: Buffer = /* @__PURE__ */ Buffer.from('PING\n')

const COUNT_FIELD_SIZE = 4

/** IDENTIFY, to nsqd and to nsqlookupd. @param json what is negotiated; a string is taken as JSON already */
export function identify(json: object | string): Buffer {
  return withBody('IDENTIFY\n', Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)))
}

export function auth(secret: string | Uint8Array): Buffer {
  return withBody('AUTH\n', typeof secret === 'string' ? Buffer.from(secret) : secret)
}

export function sub(topic: string, channel: string): Buffer {
  return Buffer.from(`SUB ${topic} ${channel}\n`)
}

export function pub(topic: string, body: Uint8Array): Buffer {
  return withBody(`PUB ${topic}\n`, body)
}

/** @param deferMs whole milliseconds, 0 up to the server's max-req-timeout (1 h by default) */
export function dpub(topic: string, deferMs: number, body: Uint8Array): Buffer {
  return withBody(`DPUB ${topic} ${deferMs}\n`, body)
}

/** @param bodies at least one; all of them are taken or none */
export function mpub(topic: string, bodies: readonly Uint8Array[]): Buffer {
  const line = `MPUB ${topic}\n`
  let size = COUNT_FIELD_SIZE
  for (const body of bodies) size += SIZE_FIELD_SIZE + body.length
  const command = Buffer.allocUnsafe(line.length + SIZE_FIELD_SIZE + size) // names are ASCII: their length is their size
  let offset = command.writeInt32BE(size, command.write(line, 'latin1'))
  offset = command.writeInt32BE(bodies.length, offset)
  for (const body of bodies) offset = writeSized(command, offset, body)
  return command
}

/** @param count how many messages may be in flight to this connection at a time, 0 up to the server's max_rdy_count */
export function rdy(count: number): Buffer {
  return Buffer.from(`RDY ${count}\n`, 'latin1')
}

export function fin(id: string): Buffer {
  return Buffer.from(`FIN ${id}\n`, 'latin1')
}

/** @param delayMs whole milliseconds; 0 requeues at once */
export function req(id: string, delayMs: number): Buffer {
  return Buffer.from(`REQ ${id} ${delayMs}\n`, 'latin1')
}

export function touch(id: string): Buffer {
  return Buffer.from(`TOUCH ${id}\n`, 'latin1')
}

/** To nsqlookupd: this nsqd has the topic, or the channel of it. */
export function register(topic: string, channel?: string): Buffer {
  return Buffer.from(channel === undefined ? `REGISTER ${topic}\n` : `REGISTER ${topic} ${channel}\n`)
}

/** To nsqlookupd: this nsqd has the topic, or the channel of it, no longer. */
export function unregister(topic: string, channel?: string): Buffer {
  return Buffer.from(channel === undefined ? `UNREGISTER ${topic}\n` : `UNREGISTER ${topic} ${channel}\n`)
}

/** Bytes that {@link writeFin} writes. */
export const FIN_SIZE: number = 'FIN \n'.length + MESSAGE_ID_SIZE

/** Writes one FIN at `offset`. @returns the offset behind it */
export function writeFin(target: Buffer, offset: number, id: string): number {
  return offset + target.write(`FIN ${id}\n`, offset, 'latin1')
}

function withBody(line: string, body: Uint8Array): Buffer {
  const command = Buffer.allocUnsafe(Buffer.byteLength(line) + SIZE_FIELD_SIZE + body.length)
  writeSized(command, command.write(line), body)
  return command
}

function writeSized(target: Buffer, offset: number, bytes: Uint8Array): number {
  offset = target.writeInt32BE(bytes.length, offset)
  target.set(bytes, offset)
  return offset + bytes.length
}
