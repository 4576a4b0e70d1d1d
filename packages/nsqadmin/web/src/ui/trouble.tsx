// What is wrong with a topic, a channel or a node: one word each, the same everywhere.
import { CirclePause, Clock, TrendingUp, UserX, WifiOff } from 'lucide-react'
import type { LiveNode, TopicTrouble } from '../../../server/api-types.ts'
import { Tag } from './tag.tsx'
import type { Tone } from './tag.tsx'

interface Meaning {
  readonly word: string
  readonly sentence: string
  readonly tone: Tone
  /** 3: somebody has to look at it now; 1: somebody did it on purpose. */
  readonly gravity: 1 | 2 | 3
}

export const TROUBLE: Readonly<Record<TopicTrouble, Meaning>> = {
  'no-consumer': {
    word: 'no consumer',
    sentence: 'Messages pile up, and nobody is there to take them.',
    tone: 'bad',
    gravity: 3,
  },
  stale: { word: 'stale', sentence: 'A node that has it does not answer.', tone: 'warn', gravity: 2 },
  rising: { word: 'rising', sentence: 'Depth has been rising for a minute.', tone: 'warn', gravity: 2 },
  'time-outs': { word: 'time-outs', sentence: 'Consumers take too long for messages.', tone: 'warn', gravity: 2 },
  paused: { word: 'paused', sentence: 'The topic, or one of its channels, is paused.', tone: 'neutral', gravity: 1 },
}

const ICONS = {
  'no-consumer': UserX,
  stale: WifiOff,
  rising: TrendingUp,
  'time-outs': Clock,
  paused: CirclePause,
} as const

export const NODE_TROUBLE: Readonly<Record<LiveNode['trouble'][number], { word: string; tone: Tone }>> = {
  down: { word: 'down', tone: 'bad' },
  disk: { word: 'disk', tone: 'bad' },
  slow: { word: 'slow', tone: 'warn' },
  'out-of-date': { word: 'old version', tone: 'warn' },
}

/** Of the worst of it; 0: nothing is wrong. */
export function gravity(trouble: readonly TopicTrouble[]): number {
  return trouble.reduce((worst, one) => Math.max(worst, TROUBLE[one].gravity), 0)
}

export function TroubleTags({ trouble }: { trouble: readonly TopicTrouble[] }) {
  return trouble.map((one) => {
    const Icon = ICONS[one]
    const { word, sentence, tone } = TROUBLE[one]
    return (
      <Tag key={one} tone={tone} title={sentence}>
        <Icon aria-hidden />
        <span className="max-sm:sr-only">{word}</span>
      </Tag>
    )
  })
}

export function NodeTags({ trouble, reason }: { trouble: LiveNode['trouble']; reason: string }) {
  return trouble.map((one) => (
    <Tag key={one} tone={NODE_TROUBLE[one].tone} title={reason}>
      {NODE_TROUBLE[one].word}
    </Tag>
  ))
}
