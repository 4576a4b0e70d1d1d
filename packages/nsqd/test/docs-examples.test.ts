import { expect, test } from 'vitest'
import { consoleExample, pattern, runStep } from './support/console-example.ts'
import { startNsqd } from './support/start-nsqd.ts'

test.each(['drain.md', 'schedule.md', 'peek.md', 'dead-letters.md', 'replay.md', 'protocol-extensions.md'])(
  'the worked example of %s is true',
  async (page) => {
    await using nsqd = await startNsqd()
    const steps = consoleExample(page)
    expect(steps.length).toBeGreaterThan(2)
    for (const { command, expected } of steps) {
      const output = await runStep(command, nsqd)
      expect([command, output]).toEqual([command, expect.stringMatching(pattern(expected))])
    }
  },
)
