// HPUB and HMPUB: publishes that bring headers, a due time, or both. An extension: an nsqd that did not grant it in IDENTIFY ends
// the connection at the first.
//
//   HPUB <topic>[ <when>] LF [ size: int32 ][ piece ]
//   HMPUB <topic>[ <when>] LF [ size of what follows: int32 ][ count: int32 ]( [ size: int32 ][ piece ] )...
//
//   when    `<n>`: n ms from now; `@<n>`: at this Unix time in ms; absent: now
//   piece   message-headers.ts
import { Buffer } from 'node:buffer'
import { writePiece } from './message-headers.ts'

/** A message to be published: a block of headers, of no bytes for none, and its body. */
export interface HeadedBody {
  readonly block: Uint8Array
  readonly body: Uint8Array
}

/** When it is to be delivered: after so many whole ms, or at a Unix time in whole ms. */
export type PublishTime = { readonly delayMs: number } | { readonly dueWallMs: number }

/** One message. */
export function hpub(topic: string, message: HeadedBody, when?: PublishTime): Buffer {
  const line = `HPUB ${topic}${whenText(when)}\n`
  const size = pieceSize(message)
  const command = Buffer.allocUnsafe(line.length + SIZE_FIELD_SIZE + size)
  const at = command.writeInt32BE(size, command.write(line, 'latin1'))
  writePiece(command, at, message.block, message.body)
  return command
}

/** Several messages, of which all are taken or none. @param messages at least one */
export function hmpub(topic: string, messages: readonly HeadedBody[], when?: PublishTime): Buffer {
  const line = `HMPUB ${topic}${whenText(when)}\n`
  const sizes = messages.map(pieceSize)
  const bodySize = sizes.reduce((sum, size) => sum + SIZE_FIELD_SIZE + size, COUNT_FIELD_SIZE)
  const command = Buffer.allocUnsafe(line.length + SIZE_FIELD_SIZE + bodySize)
  let at = command.writeInt32BE(bodySize, command.write(line, 'latin1'))
  at = command.writeInt32BE(messages.length, at)
  messages.forEach(({ block, body }, index) => {
    at = writePiece(command, command.writeInt32BE(sizes[index]!, at), block, body)
  })
  return command
}

const SIZE_FIELD_SIZE = 4 // frames.ts has it too: see message-headers.ts
const COUNT_FIELD_SIZE = 4

function whenText(when: PublishTime | undefined): string {
  if (when === undefined) return ''
  return 'delayMs' in when ? ` ${when.delayMs}` : ` @${when.dueWallMs}`
}

function pieceSize({ block, body }: HeadedBody): number {
  return SIZE_FIELD_SIZE + block.length + body.length
}
