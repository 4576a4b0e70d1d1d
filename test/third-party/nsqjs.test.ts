import { expect, test } from 'vitest'
import { nsqjs } from './nsqjs-library.ts'
import { MESSAGE_COUNT, treatRoughly } from './rough-treatment.ts'

test(`nsqjs: of ${MESSAGE_COUNT} messages none is lost, through requeues, time-outs and consumers that die`, async () => {
  await expect(treatRoughly(nsqjs)).resolves.toBeUndefined()
})
