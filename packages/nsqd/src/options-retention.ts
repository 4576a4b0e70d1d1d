// Options about keeping what every channel has finished, to deliver it again (docs/replay.md).
import { durationOption, integerOption, type OptionRow } from '@nsq-ts/daemon'
import { byPatternOption, type ByPattern } from './options-topics.ts'

/** @param group under which the help lists them */
export function retain(group: string): {
  retainForMs: OptionRow<number>
  retainForTopic: OptionRow<ByPattern<number>>
  retainBytes: OptionRow<number>
  retainBytesForTopic: OptionRow<ByPattern<number>>
} {
  const retainForMs = durationOption('retain-for', {
    default: 0,
    min: 0,
    help: 'how long messages are kept that every channel has finished, so that a channel can be rewound, looked at every 5 s; 0 is no matter how long, and nothing without --retain-bytes',
    group,
    ours: true,
  })
  const retainBytes = integerOption('retain-bytes', {
    default: 0,
    min: 0,
    unit: 'bytes',
    help: 'how much is kept of a topic that every channel has finished, the newest of it, in segments of up to 1 MiB; 0 is no matter how much, and nothing without --retain-for',
    group,
    ours: true,
  })
  return {
    retainForMs,
    retainForTopic: byPatternOption('retain-for-topic', retainForMs, {
      help: '--retain-for of the topics that fit a pattern, as --durability-for',
      group,
    }),
    retainBytes,
    retainBytesForTopic: byPatternOption('retain-bytes-for-topic', retainBytes, {
      help: '--retain-bytes of the topics that fit a pattern, as --durability-for',
      group,
    }),
  }
}
