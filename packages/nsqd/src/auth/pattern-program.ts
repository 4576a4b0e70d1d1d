// From a pattern in RE2's syntax to a program for the matcher in pattern.ts. Groups capture nothing and laziness changes nothing:
// all that is asked is whether there is a match.
import {
  type CharacterSet,
  complement,
  foldCase,
  PERL_CLASSES,
  POSIX_CLASSES,
  setOf,
  setOfRange,
  unicodeClass,
  union,
} from './character-set.ts'

/** `split` goes both ways; `assert` goes on where the position is as it says; `set` takes one character. */
export type Instruction =
  | { readonly op: 'set'; readonly set: CharacterSet }
  | { readonly op: 'split'; readonly to: number }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'assert'; readonly at: Assertion }

export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'no-boundary'

/** A pattern that is not RE2's, or too large. */
export class PatternError extends Error {
  readonly code = 'ERR_NSQ_PATTERN'

  constructor(detail: string) {
    super(`error parsing regexp: ${detail}`)
    this.name = 'PatternError'
  }
}

/** As RE2: how often `{n,m}` may repeat. */
const REPEAT_MAX = 1000
/** What matching a name costs is in proportion to this. */
const PROGRAM_SIZE_MAX = 10_000
const DEPTH_MAX = 100

interface Flags {
  readonly ignoreCase: boolean
  readonly multiLine: boolean
  readonly dotAll: boolean
}

/** A piece of program; its jumps are relative to their own place until the whole is put together. */
type Piece = readonly Instruction[]

/** @throws {PatternError} */
export function compilePattern(pattern: string): readonly Instruction[] {
  const piece = new PatternParser(pattern).parse()
  return piece.map((step, index) => ('to' in step ? { ...step, to: index + step.to } : step))
}

class PatternParser {
  readonly #text: string
  #at = 0
  #flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false }
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Piece {
    const piece = this.#alternatives()
    if (this.#at < this.#text.length) throw new PatternError(`unexpected ): \`${this.#text}\``)
    return piece
  }

  /** `a|b`: up to the end or a closing parenthesis, which stays. */
  #alternatives(): Piece {
    if (++this.#depth > DEPTH_MAX) throw new PatternError('expression nests too deeply')
    const outerFlags = this.#flags
    let piece = this.#sequence()
    while (this.#take('|')) piece = either(piece, this.#sequence())
    this.#flags = outerFlags // flags set within a group end with it
    this.#depth--
    return piece
  }

  #sequence(): Piece {
    const pieces: Piece[] = []
    let size = 0
    while (this.#at < this.#text.length && !this.#sees('|') && !this.#sees(')')) {
      const piece = this.#repeated(this.#atom())
      size = checkSize(size + piece.length)
      pieces.push(piece)
    }
    return pieces.flat()
  }

  #repeated(atom: Piece): Piece {
    const count = this.#repetition()
    if (count === undefined) return atom
    this.#take('?') // lazy
    if (this.#repetition() !== undefined) throw new PatternError('invalid nested repetition operator')
    return repeat(atom, count.min, count.max)
  }

  /** An operator after an atom; a brace that begins none is a character. */
  #repetition(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const braces = this.#match(/\{(\d+)(,(\d*))?\}/y)
    if (braces === undefined) return undefined
    const min = Number(braces[1])
    const max = braces[2] === undefined ? min : braces[3] === '' ? Infinity : Number(braces[3])
    if (min > REPEAT_MAX || (max !== Infinity && (max > REPEAT_MAX || max < min))) {
      throw new PatternError(`invalid repeat count: \`${braces[0]}\``)
    }
    return { min, max }
  }

  #atom(): Piece {
    const char = this.#next()
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#one(this.#bracketed())
      case '.':
        return this.#one(setOf((code) => this.#flags.dotAll || code !== 0x0a))
      case '^':
        return assertion(this.#flags.multiLine ? 'line-start' : 'start')
      case '$':
        return assertion(this.#flags.multiLine ? 'line-end' : 'end')
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw new PatternError(`missing argument to repetition operator: \`${char}\``)
      default:
        return this.#one(literal(char))
    }
  }

  #group(): Piece {
    const outerFlags = this.#flags
    const flagsOnly = this.#take('?') && this.#match(/P?<([A-Za-z0-9_]+)>/y) === undefined && this.#setFlags()
    if (flagsOnly) return []
    const piece = this.#alternatives()
    this.#flags = outerFlags
    if (!this.#take(')')) throw new PatternError('missing closing )')
    return piece
  }

  /** `(?i)` or `(?i-s:`. @returns true if that was all of the group: the flags hold for the rest of the one around it */
  #setFlags(): boolean {
    const found = this.#match(/([imsU]*)(?:-([imsU]+))?([:)])/y)
    if (found === undefined || found[0] === ')') throw new PatternError('invalid or unsupported Perl syntax')
    const [, on = '', off = '', end] = found
    const flag = (letter: string, current: boolean) => (current || on.includes(letter)) && !off.includes(letter)
    this.#flags = {
      ignoreCase: flag('i', this.#flags.ignoreCase),
      multiLine: flag('m', this.#flags.multiLine),
      dotAll: flag('s', this.#flags.dotAll),
    }
    return end === ')'
  }

  #escape(): Piece {
    const text = this.#match(/Q([\s\S]*?)(?:\\E|$)/y)
    if (text !== undefined) return Array.from(text[1]!).flatMap((char) => this.#one(literal(char)))
    const asserted = ASSERTIONS.get(this.#peek())
    if (asserted !== undefined) {
      this.#at++
      return assertion(asserted)
    }
    return this.#one(this.#escapedSet())
  }

  /** What stands for characters behind a backslash, within brackets or not. */
  #escapedSet(): CharacterSet {
    const perl = PERL_CLASSES.get(this.#peek())
    if (perl !== undefined) {
      this.#at++
      return perl
    }
    const unicode = this.#match(/([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))/y)
    if (unicode !== undefined) return this.#unicodeSet(unicode)
    return literalCode(this.#escapedCode())
  }

  #unicodeSet([whole, letter, caret, long, short]: RegExpExecArray): CharacterSet {
    const set = unicodeClass(long ?? short!)
    if (set === undefined) throw new PatternError(`invalid character class range: \`\\${whole}\``)
    return (letter === 'P') !== (caret === '^') ? complement(set) : set
  }

  #escapedCode(): number {
    const hexadecimal = this.#match(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y)
    if (hexadecimal !== undefined) return Number.parseInt(hexadecimal[1] ?? hexadecimal[2]!, 16)
    const octal = this.#match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)
    if (octal !== undefined) return Number.parseInt(octal[0], 8)
    const char = this.#next()
    const control = CONTROLS.get(char)
    if (control !== undefined) return control
    if (/[A-Za-z0-9]/.test(char)) throw new PatternError(`invalid escape sequence: \`\\${char}\``)
    return char.codePointAt(0)!
  }

  #bracketed(): CharacterSet {
    const negated = this.#take('^')
    let set = setOf(() => false)
    for (let first = true; first || !this.#sees(']'); first = false) set = union(set, this.#bracketItem())
    this.#at++
    if (this.#flags.ignoreCase) set = foldCase(set)
    return negated ? complement(set) : set
  }

  #bracketItem(): CharacterSet {
    const posix = this.#match(/\[:(\^?)([a-z]+):\]/y)
    if (posix !== undefined) {
      const set = POSIX_CLASSES.get(posix[2]!)
      if (set === undefined) throw new PatternError(`invalid character class range: \`${posix[0]}\``)
      return posix[1] === '^' ? complement(set) : set
    }
    if (this.#match(/\\(?=[dDsSwWpP])/y) !== undefined) return this.#escapedSet()
    const from = this.#bracketCode()
    if (this.#match(/-(?!\])/y) === undefined) return literalCode(from)
    const to = this.#bracketCode()
    if (to < from) throw new PatternError('invalid character class range')
    return setOfRange(from, to)
  }

  #bracketCode(): number {
    const char = this.#next('missing closing ]')
    return char === '\\' ? this.#escapedCode() : char.codePointAt(0)!
  }

  #one(set: CharacterSet): Piece {
    return [{ op: 'set', set: this.#flags.ignoreCase ? foldCase(set) : set }]
  }

  // ---- the text ----

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #sees(char: string): boolean {
    if (this.#at >= this.#text.length) throw new PatternError('missing closing ]')
    return this.#text[this.#at] === char
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #next(otherwise = 'trailing backslash at end of expression'): string {
    const code = this.#text.codePointAt(this.#at)
    if (code === undefined) throw new PatternError(otherwise)
    const char = String.fromCodePoint(code)
    this.#at += char.length
    return char
  }

  /** @param expression sticky */
  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#text)
    if (found === null) return undefined
    this.#at += found[0].length
    return found
  }
}

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'start'],
  ['z', 'end'],
  ['b', 'boundary'],
  ['B', 'no-boundary'],
])

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['t', 0x09],
  ['n', 0x0a],
  ['r', 0x0d],
  ['v', 0x0b],
])

function literal(char: string): CharacterSet {
  return literalCode(char.codePointAt(0)!)
}

function literalCode(code: number): CharacterSet {
  return setOfRange(code, code)
}

function assertion(at: Assertion): Piece {
  return [{ op: 'assert', at }]
}

function either(a: Piece, b: Piece): Piece {
  checkSize(a.length + b.length + 2)
  return [{ op: 'split', to: a.length + 2 }, ...a, { op: 'jump', to: b.length + 1 }, ...b]
}

function repeat(piece: Piece, min: number, max: number): Piece {
  checkSize((max === Infinity ? min + 1 : max) * (piece.length + 1) + 1)
  const whole: Instruction[] = []
  for (let i = 0; i < min; i++) whole.push(...piece)
  if (max === Infinity) {
    whole.push({ op: 'split', to: piece.length + 2 }, ...piece, { op: 'jump', to: -piece.length - 1 })
  } else {
    for (let i = min; i < max; i++) whole.push({ op: 'split', to: (max - i) * (piece.length + 1) }, ...piece)
  }
  return whole
}

function checkSize(size: number): number {
  if (size > PROGRAM_SIZE_MAX) throw new PatternError('expression is too large')
  return size
}
