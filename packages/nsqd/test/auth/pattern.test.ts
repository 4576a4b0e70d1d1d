import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pattern } from '../../src/auth/pattern.ts'
import { PatternError } from '../../src/auth/pattern-program.ts'

describe('what matches', () => {
  test.each<[string, string[], string[]]>([
    ['', ['', 'anything'], []],
    ['es', ['test', 'es'], ['e', 's']],
    ['^test$', ['test'], ['tests', 'atest']],
    ['^(a|bc|)$', ['a', 'bc', ''], ['b', 'abc']],
    ['^a{2,3}b{2}c{0,}$', ['aabb', 'aaabbcc'], ['abb', 'aaaabb', 'aab']],
    ['^a{,2}$', ['a{,2}'], ['a', '']],
    ['^[a-c_.-]+$', ['a.b-c_'], ['d', '']],
    ['^[^a-c]$', ['d', '-'], ['a', 'dd']],
    ['^[]a]+$', [']a'], ['b']],
    ['^[[:alpha:][:digit:]]+$', ['a1Z'], ['-']],
    ['^[[:^alpha:]]$', ['1'], ['a']],
    ['^\\d\\D\\w\\W$', ['1a_.'], ['aaaa']],
    ['^[\\d_]+$', ['1_'], ['a']],
    ['\\.v\\x31\\x{32}\\055$', ['a.v12-'], ['a.v12']],
    ['\\Qa.b\\E$', ['a.b'], ['axb']],
    ['^\\pL\\p{Nd}\\PL\\p{^Lu}\\p{Greek}?$', ['a1-b'], ['a1-B']],
    ['(?i)^TeSt[x-z]$', ['tEsTY'], ['tes']],
    ['^(?i:a)b$', ['Ab', 'ab'], ['AB']],
    ['^(?P<first>a)(?<second>b)(?:c)$', ['abc'], ['ab']],
    ['^((?i)a)b$', ['Ab'], ['AB']],
    ['^a*?b+?c??$', ['b', 'aabbc'], ['a']],
    ['\\Aa\\bx?-\\Bz?\\z', ['a-'], ['a']],
    ['^.+#ephemeral$', ['t#ephemeral'], ['#ephemeral', 't']],
    ['(?m)^a$|(?s:.)q', ['a', 'xq'], ['b']],
    ['^(a*)*$', ['', 'aaa'], ['b']],
    ['é', [], ['e']],
  ])('%s', (source, good, bad) => {
    const pattern = new Pattern(source)
    for (const text of good) expect([text, pattern.matches(text)]).toEqual([text, true])
    for (const text of bad) expect([text, pattern.matches(text)]).toEqual([text, false])
  })

  /** What both RE2 and JavaScript understand, and mean the same by. */
  const common: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '^', '$', '\\b', '-'),
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => a + b),
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie('any'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '*?')).map(([a, op]) => `(${a})${op}`),
    ),
  })).any

  test('the same as JavaScript says, where both speak the same language', () => {
    fc.assert(
      fc.property(common, fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 }), (source, text) => {
        expect(new Pattern(source).matches(text)).toBe(new RegExp(source).test(text))
      }),
      { numRuns: 2000 },
    )
  })
})

test.each(['(a+)+$', '^(a*)*(a*)*(a*)*$', '(a|a|aa)+$', '^((a{1,30}){1,30}){0,5}$', '(.*)*x'])(
  '%s is not kept busy by a name that nearly matches',
  (source) => {
    const pattern = new Pattern(source)
    const startedAt = performance.now()
    expect(pattern.matches(`${'a'.repeat(63)}!`)).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(500)
  },
)

describe('what does not compile', () => {
  test.each([
    '(',
    ')',
    '[a',
    '[b-a]',
    '*a',
    'a**',
    'a{2}{3}',
    'a{3,2}',
    'a{1001}',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(a)\\1',
    '\\',
    '\\y',
    '\\p{Klingon}',
    '[[:nope:]]',
    '((((a{99}){99}){99}){99})',
    '('.repeat(200),
    '(?)',
  ])('%s', (source) => {
    expect(() => new Pattern(source)).toThrow(PatternError)
  })

  test('whatever the pattern, it compiles or is refused as such, and matches or does not', () => {
    const unit = fc.constantFrom(...'ab01^$.*+?()[]{}|\\-,:=!<>PpQEdwsxi'.split(''))
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (source) => {
        try {
          new Pattern(source).matches('ab01-')
        } catch (error) {
          if (!(error instanceof PatternError)) throw error
        }
      }),
      { numRuns: 5000 },
    )
  })
})
