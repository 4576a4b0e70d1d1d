import { randomUUID } from 'node:crypto'

/**
 * JSON as Go's encoder writes it: compact, with `<`, `>`, `&`, U+2028 and U+2029 escaped, and bigint as a plain number of all its
 * digits (nanoseconds do not fit into a double).
 */
export function encodeJson(value: unknown): string {
  const json = stringify(value)
  return /[<>&\u2028\u2029]/.test(json) ? json.replaceAll(/[<>&\u2028\u2029]/g, escapeUnicode) : json
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

// JSON.stringify refuses bigint, and Node 20 has no JSON.rawJSON: numbers travel as strings behind a mark that nobody can guess.
const MARK = `bigint-${randomUUID()}:`
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const marked = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${MARK}${part}` : part))
    return marked.replaceAll(MARKED, '$1')
  }
}
