import { WORD } from './character-set.ts'
import { type Assertion, compilePattern, type Instruction } from './pattern-program.ts'

/**
 * A pattern in RE2's syntax, which auth servers speak, matched as RE2 does: all ways through the program at once, character by
 * character. Time is bounded by the length of the name times that of the pattern, whatever the pattern; a backtracking
 * matcher such as JavaScript's own can be kept busy for ever by `(a+)+$` and forty letters.
 */
export class Pattern {
  readonly #program: readonly Instruction[]

  /** @throws {PatternError} */
  constructor(pattern: string) {
    this.#program = compilePattern(pattern)
  }

  /** Is there a match anywhere in the text, which is ASCII? */
  matches(text: string): boolean {
    const program = this.#program
    let threads = new Threads(program.length)
    let next = new Threads(program.length)
    for (let at = 0; at <= text.length; at++) {
      if (this.#follow(threads, 0, text, at)) return true // a match may begin here
      const code = text.charCodeAt(at)
      for (let i = 0; i < threads.count; i++) {
        const place = threads.places[i]!
        const step = program[place]!
        // Beyond ASCII, and at the end, where the code is NaN, there is no entry.
        if (step.op === 'set' && step.set[code] === 1 && this.#follow(next, place + 1, text, at + 1)) return true
      }
      ;[threads, next] = [next, threads]
      next.clear()
    }
    return false
  }

  /** Adds all places that can be reached from one without a character. @returns true if one is the end */
  #follow(threads: Threads, from: number, text: string, at: number): boolean {
    const open = [from]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (place === this.#program.length) return true
      if (!threads.add(place)) continue
      const step = this.#program[place]!
      switch (step.op) {
        case 'set':
          break
        case 'jump':
          open.push(step.to)
          break
        case 'split':
          open.push(step.to, place + 1)
          break
        case 'assert':
          if (holds(step.at, text, at)) open.push(place + 1)
          break
      }
    }
    return false
  }
}

/** The places in a program that have been reached, each once. */
class Threads {
  readonly places: Uint16Array
  readonly #known: Uint8Array
  count = 0

  constructor(size: number) {
    this.places = new Uint16Array(size)
    this.#known = new Uint8Array(size)
  }

  add(place: number): boolean {
    if (this.#known[place] === 1) return false
    this.#known[place] = 1
    this.places[this.count++] = place
    return true
  }

  clear(): void {
    this.#known.fill(0)
    this.count = 0
  }
}

function holds(assertion: Assertion, text: string, at: number): boolean {
  switch (assertion) {
    case 'start':
      return at === 0
    case 'end':
      return at === text.length
    case 'line-start':
      return at === 0 || text[at - 1] === '\n'
    case 'line-end':
      return at === text.length || text[at] === '\n'
    case 'boundary':
      return isWord(text, at - 1) !== isWord(text, at)
    case 'no-boundary':
      return isWord(text, at - 1) === isWord(text, at)
  }
}

function isWord(text: string, at: number): boolean {
  return WORD[text.charCodeAt(at)] === 1
}
