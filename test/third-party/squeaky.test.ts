import { expect, test } from 'vitest'
import { squeaky } from './squeaky-library.ts'
import { MESSAGE_COUNT, treatRoughly } from './rough-treatment.ts'

test(`squeaky: of ${MESSAGE_COUNT} messages none is lost, through requeues, time-outs and consumers that die`, async () => {
  await expect(treatRoughly(squeaky)).resolves.toBeUndefined()
})
