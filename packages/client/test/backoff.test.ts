import { expect, test } from 'vitest'
import { Backoff, type BackoffStrategy, exponential, fullJitter, type Outcome } from '../src/consumer/backoff.ts'
import type { Environment } from '../src/environment.ts'

/** Runs outcomes, firing the timer whenever one is set between them. @returns what happened */
function trace(
  outcomes: (Outcome | 'timer')[],
  strategy: BackoffStrategy = exponential(1000),
  maxMs = 120_000,
): string[] {
  const events: string[] = []
  let fire: (() => void) | undefined
  const environment: Environment = {
    now: () => 0,
    random: () => 0.5,
    setTimer(callback) {
      fire = callback
      return 1
    },
    clearTimer: () => (fire = undefined),
  }
  const backoff = new Backoff(strategy, maxMs, environment, {
    onBackoff: (level, waitMs) => void events.push(level === 0 ? 'end' : `wait ${level} ${waitMs}`),
    onTest: () => void events.push('test'),
  })
  for (const outcome of outcomes) {
    if (outcome === 'timer') fire?.()
    else backoff.onOutcome(outcome)
  }
  backoff.close()
  return events
}

test('success alone changes nothing', () => {
  expect(trace(['success', 'neutral', 'success'])).toEqual([])
})

test('waits grow with failures and shrink with successes, down to full flow', () => {
  expect(trace(['failure', 'timer', 'failure', 'timer', 'success', 'timer', 'success'])).toEqual([
    'wait 1 2000',
    'test',
    'wait 2 4000',
    'test',
    'wait 1 2000',
    'test',
    'end',
  ])
})

test('while it waits nothing counts, so a burst of failures counts once', () => {
  expect(trace(['failure', 'failure', 'failure', 'success', 'timer', 'success'])).toEqual([
    'wait 1 2000',
    'test',
    'end',
  ])
})

test('a neutral end repeats the wait', () => {
  expect(trace(['failure', 'timer', 'neutral'])).toEqual(['wait 1 2000', 'test', 'wait 1 2000'])
})

test('the highest level is the last whose wait is within the bound: 64 s by default', () => {
  const failures = Array.from({ length: 9 }, () => ['failure', 'timer'] as const).flat()
  expect(
    trace(failures)
      .filter((event) => event !== 'test')
      .at(-1),
  ).toBe('wait 6 64000')
})

test('a bound below the first wait switches it off', () => {
  expect(trace(['failure', 'failure'], exponential(1000), 1999)).toEqual([])
})

test('full jitter is a random part of the exponential wait', () => {
  expect(
    trace(
      ['failure'],
      fullJitter(1000, () => 0.25),
    ),
  ).toEqual(['wait 1 500'])
})
