import type { ShownMessage } from '../../../../server/api-types.ts'

const LINE = 16

/** The bytes that are known of a body. */
export function bytesOf({ body, encoding }: Pick<ShownMessage, 'body' | 'encoding'>): Uint8Array {
  if (encoding === 'utf8') return new TextEncoder().encode(body)
  return Uint8Array.from(atob(body), (character) => character.charCodeAt(0))
}

/** Lines of 16 bytes: `00000010  68 65 6c 6c 6f 00 …  hello.…` */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += LINE) lines.push(line(at, bytes.subarray(at, at + LINE)))
  return lines.join('\n')
}

function line(at: number, bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  const halves = `${pairs.slice(0, LINE / 2).join(' ')}  ${pairs.slice(LINE / 2).join(' ')}`
  const text = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return `${at.toString(16).padStart(8, '0')}  ${halves.padEnd(3 * LINE)}  ${text}`
}
