// Sets of ASCII characters: names of topics and channels have no others, so what a pattern says of the rest never matters.

/** One byte per character: 1 if it is in the set. */
export type CharacterSet = Uint8Array

const ASCII_SIZE = 128

export function setOf(test: (code: number) => boolean): CharacterSet {
  return Uint8Array.from({ length: ASCII_SIZE }, (_, code) => (test(code) ? 1 : 0))
}

export function setOfRange(from: number, to: number): CharacterSet {
  return setOf((code) => code >= from && code <= to)
}

export function union(a: CharacterSet, b: CharacterSet): CharacterSet {
  return setOf((code) => a[code] === 1 || b[code] === 1)
}

export function complement(set: CharacterSet): CharacterSet {
  return setOf((code) => set[code] === 0)
}

/** The set with the other case of each of its letters. */
export function foldCase(set: CharacterSet): CharacterSet {
  return setOf((code) => set[code] === 1 || (isLetter(code) && set[code ^ CASE_BIT] === 1))
}

const CASE_BIT = 0x20

function isLetter(code: number): boolean {
  return (code | CASE_BIT) >= 0x61 && (code | CASE_BIT) <= 0x7a
}

const DIGITS = setOfRange(0x30, 0x39)
const SPACES = setOf((code) => [0x09, 0x0a, 0x0c, 0x0d, 0x20].includes(code))
const LETTERS = setOf(isLetter)
export const WORD = setOf((code) => DIGITS[code] === 1 || isLetter(code) || code === 0x5f)

/** `\d` and its like; a capital letter is the complement. */
export const PERL_CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ['d', DIGITS],
  ['D', complement(DIGITS)],
  ['s', SPACES],
  ['S', complement(SPACES)],
  ['w', WORD],
  ['W', complement(WORD)],
])

/** What stands in `[[:name:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ['alnum', union(LETTERS, DIGITS)],
  ['alpha', LETTERS],
  ['ascii', setOf(() => true)],
  ['blank', setOf((code) => code === 0x20 || code === 0x09)],
  ['cntrl', setOf((code) => code < 0x20 || code === 0x7f)],
  ['digit', DIGITS],
  ['graph', setOfRange(0x21, 0x7e)],
  ['lower', setOfRange(0x61, 0x7a)],
  ['print', setOfRange(0x20, 0x7e)],
  ['punct', setOf((code) => code > 0x20 && code < 0x7f && DIGITS[code] === 0 && !isLetter(code))],
  ['space', union(SPACES, setOfRange(0x0b, 0x0b))],
  ['upper', setOfRange(0x41, 0x5a)],
  ['word', WORD],
  ['xdigit', setOf((code) => DIGITS[code] === 1 || ((code | CASE_BIT) >= 0x61 && (code | CASE_BIT) <= 0x66))],
])

/** `\p{Greek}`, `\pL`: a general category or a script. Undefined if there is none of that name. */
export function unicodeClass(name: string): CharacterSet | undefined {
  if (name === 'Any') return setOf(() => true)
  for (const property of [name, `Script=${name}`]) {
    try {
      const test = new RegExp(`^\\p{${property}}$`, 'u') // one character is all it is ever given
      return setOf((code) => test.test(String.fromCharCode(code)))
    } catch {
      // no such category; it may be a script
    }
  }
  return undefined
}
