// What PUT /config changes beside the two options that the original lets change: those of ours that are asked anew whenever they
// matter. Nothing of it outlives a restart.
import { type Options, type OptionRow, outOfBounds } from '@nsq-ts/daemon'
import { type NsqdOptions, nsqdTable } from '../options.ts'

/** By their config keys: `max_topics`. */
const LIVE: ReadonlySet<string> = new Set([
  'max_connections',
  'max_http_connections',
  'max_topics',
  'max_channels_per_topic',
  'max_topic_bytes',
  'max_topic_age',
  'topic_limit_policy',
  'retain_for',
  'retain_bytes',
  'max_defer',
  'drain_timeout',
  'disk_reserve',
  'requeue_on_disconnect',
])

/**
 * Reads a new value for an option, written as behind its flag.
 * @param key of the config file
 * @returns undefined for what may not change while nsqd runs, or is no option
 * @throws {Error} for what is no value of the option
 */
export function readLiveOption(key: string, text: string): Partial<NsqdOptions> | undefined {
  if (!LIVE.has(key)) return undefined
  const [field, row] = Object.entries(nsqdTable).find(([, candidate]) => candidate.key === key)!
  const change = { [field]: (row as OptionRow<unknown>).kind.fromFlag(text, undefined) }
  const fault = outOfBounds({ [field]: row }, change as Options<{ [field]: typeof row }>)
  if (fault !== undefined) throw new RangeError(fault)
  return change
}
