// Go's reading of JSON: a decoder takes the first value and leaves the rest, and its complaints are part of the API (400 with the
// decoder's text).

/** Why a text does not begin with a whole JSON value: `unexpected EOF`, `invalid character 'x' looking for ...`. */
export class JsonSyntaxError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'JsonSyntaxError'
  }
}

/**
 * The first JSON value of a text; what follows it is not looked at.
 * @throws {JsonSyntaxError} `EOF` for a text with nothing in it
 */
export function firstJsonValue(text: string): unknown {
  const start = skipSpace(text, 0)
  if (start === text.length) throw new JsonSyntaxError('EOF')
  const end = valueEnd(text, start)
  return JSON.parse(text.slice(start, end))
}

/** What is wrong with a text that as a whole should be JSON, and is not. */
export function jsonError(text: string): string {
  try {
    const start = skipSpace(text, 0)
    if (start === text.length) return 'unexpected end of JSON input'
    const end = skipSpace(text, valueEnd(text, start))
    return end < text.length ? `invalid character ${quoted(text, end)} after top-level value` : 'invalid JSON'
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return error.message === 'unexpected EOF' ? 'unexpected end of JSON input' : error.message
  }
}

// As Go: deeper values are refused, so that reading them cannot exhaust the stack.
const DEPTH_MAX = 1000

/** @returns the index behind the value that begins at `start` @throws {JsonSyntaxError} */
export function valueEnd(text: string, start: number, depth = 0): number {
  if (depth > DEPTH_MAX) throw new JsonSyntaxError('exceeded max depth')
  switch (text[start]) {
    case '{':
      return objectEnd(text, start, depth)
    case '[':
      return arrayEnd(text, start, depth)
    case '"':
      return stringEnd(text, start)
    case 't':
      return wordEnd(text, start, 'true')
    case 'f':
      return wordEnd(text, start, 'false')
    case 'n':
      return wordEnd(text, start, 'null')
    default:
      return numberEnd(text, start)
  }
}

function objectEnd(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1)
  if (text[at] === '}') return at + 1
  for (;;) {
    if (text[at] !== '"') fail(text, at, 'looking for beginning of object key string')
    at = skipSpace(text, stringEnd(text, at))
    if (text[at] !== ':') fail(text, at, 'after object key')
    at = skipSpace(text, valueEnd(text, skipSpace(text, at + 1), depth + 1))
    if (text[at] === '}') return at + 1
    if (text[at] !== ',') fail(text, at, 'after object key:value pair')
    at = skipSpace(text, at + 1)
  }
}

function arrayEnd(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1)
  if (text[at] === ']') return at + 1
  for (;;) {
    at = skipSpace(text, valueEnd(text, at, depth + 1))
    if (text[at] === ']') return at + 1
    if (text[at] !== ',') fail(text, at, 'after array element')
    at = skipSpace(text, at + 1)
  }
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === undefined || character < ' ') fail(text, at, 'in string literal')
    if (character !== '\\') continue
    at++
    const escape = text[at]
    if (escape === undefined || !'"\\/bfnrtu'.includes(escape)) fail(text, at, 'in string escape code')
    if (escape !== 'u') continue
    for (let digits = 0; digits < 4; digits++) {
      at++
      if (!/[0-9a-fA-F]/.test(text[at] ?? '')) fail(text, at, String.raw`in \u hexadecimal character escape`)
    }
  }
}

function wordEnd(text: string, start: number, word: string): number {
  for (let index = 1; index < word.length; index++) {
    if (text[start + index] !== word[index]) {
      fail(text, start + index, `in literal ${word} (expecting '${word[index]}')`)
    }
  }
  return start + word.length
}

function numberEnd(text: string, start: number): number {
  const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  pattern.lastIndex = start
  const match = pattern.exec(text)
  if (match === null) {
    if (text[start] === '-') fail(text, start + 1, 'in numeric literal')
    fail(text, start, 'looking for beginning of value')
  }
  return start + match[0].length
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (' \t\r\n'.includes(text[at] ?? 'x')) at++
  return at
}

function fail(text: string, at: number, where: string): never {
  if (at >= text.length) throw new JsonSyntaxError('unexpected EOF')
  throw new JsonSyntaxError(`invalid character ${quoted(text, at)} ${where}`)
}

function quoted(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (character === "'") return String.raw`'\''`
  if (character === '"') return `'"'`
  return `'${JSON.stringify(character).slice(1, -1)}'`
}
