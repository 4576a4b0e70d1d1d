// Names of topics and channels (NSQ spec, "Topic and Channel Names"): one grammar for both.
//
//   name = 1*( "." / a-z / A-Z / 0-9 / "_" / "-" ) [ "#ephemeral" ]        1..64 bytes in all, suffix included
import { Buffer, isUtf8 } from 'node:buffer'

/** Longest topic or channel name in bytes, `#ephemeral` included. */
export const NAME_SIZE_MAX = 64

/** What the name of an ephemeral topic or channel ends in. */
export const EPHEMERAL_SUFFIX = '#ephemeral'

const NAME = /^[.a-zA-Z0-9_-]+(?:#ephemeral)?$/

/** True when `name` may name a topic. */
export function isValidTopicName(name: string): boolean {
  return name.length <= NAME_SIZE_MAX && NAME.test(name)
}

/** True when `name` may name a channel; the grammar is that of topics. */
export function isValidChannelName(name: string): boolean {
  return isValidTopicName(name)
}

/** True when the topic or channel lives in memory only and goes with its last user. */
export function isEphemeral(name: string): boolean {
  return name.endsWith(EPHEMERAL_SUFFIX)
}

/**
 * Quotes what a peer sent as a name, the way nsqd's error texts show it (Go's `%q`): in double quotes, with control
 * characters, bytes that are no UTF-8 and unprintable characters escaped, so that the text is safe in logs and terminals.
 *
 * @param raw the bytes as sent; a string stands for its UTF-8 bytes
 */
export function quoteName(raw: Buffer | string): string {
  const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw
  let quoted = '"'
  let index = 0
  while (index < bytes.length) {
    const size = characterSize(bytes, index)
    quoted +=
      size === 0 ? hexEscape('x', bytes[index]!, 2) : escapeCharacter(bytes.toString('utf8', index, index + size))
    index += size === 0 ? 1 : size
  }
  return `${quoted}"`
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  if (PRINTABLE.test(character)) return character
  const codePoint = character.codePointAt(0)!
  if (codePoint < 0x80) return hexEscape('x', codePoint, 2)
  return codePoint < 0x10000 ? hexEscape('u', codePoint, 4) : hexEscape('U', codePoint, 8)
}

function hexEscape(letter: string, value: number, digits: number): string {
  return `\\${letter}${value.toString(16).padStart(digits, '0')}`
}

/** Bytes of the UTF-8 character at `index`; 0 when there is none. */
function characterSize(bytes: Buffer, index: number): number {
  const lead = bytes[index]!
  if (lead < 0x80) return 1
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
  if (index + size > bytes.length) return 0
  return isUtf8(bytes.subarray(index, index + size)) ? size : 0
}
