// One look at a channel on all nsqds that have its topic.
import type { JsonClient } from '../cluster/get-json.ts'
import { askAll, lookupProducers } from '../cluster/lookupd.ts'
import type { Log } from '../program/log.ts'
import { demand, Refusal } from '../program/refusal.ts'
import { channelFigures, hasTopic } from './channel-figures.ts'
import type { FiguresByNode } from './channel-figures.ts'
import type { NsqStatOptions } from './options.ts'

const PRODUCERS_FAILED = 'ERROR: failed to get topic producers'
const STATS_FAILED = 'ERROR: failed to get nsqd stats'
/** The original's words for it: it has asked all nsqds that have the topic, which are none. */
const NOBODY_HAS_IT = `${STATS_FAILED} - failed to query any nsqd: `

/**
 * Who does not answer is named in the log, and left out as long as someone does.
 * @throws {Refusal} when nobody answers, or nobody has the channel
 */
export async function poll(client: JsonClient, options: NsqStatOptions, log: Log): Promise<FiguresByNode> {
  const { topic, channel } = options
  const nodes = await findNodes(client, options, log)
  demand(nodes.length > 0, NOBODY_HAS_IT)
  const query = `/stats?format=json&include_clients=false&topic=${encodeURIComponent(topic)}`
  const { answers, errors } = await askAll(nodes, async (address) => ({
    address,
    stats: await client.get(address + query),
  }))
  // The original asks nsqds that were named what they have first, and fails there.
  const what = options.nsqdHttpAddress.length > 0 ? PRODUCERS_FAILED : STATS_FAILED
  if (answers.length === 0) throw new Refusal(`${what} - ${errors[0]?.message ?? ''}`)
  for (const { message } of errors) log.line(`${what} - ${message}`)
  demand(
    answers.some(({ stats }) => hasTopic(stats, topic)),
    NOBODY_HAS_IT,
  )
  const figures = new Map<string, ReturnType<typeof channelFigures> & object>()
  for (const { address, stats } of answers) {
    const found = channelFigures(stats, topic, channel)
    if (found !== undefined) figures.set(address, found)
  }
  if (figures.size === 0) {
    throw new Refusal(`ERROR: failed to find channel(${channel}) in stats metadata for topic(${topic})`)
  }
  return figures
}

async function findNodes(client: JsonClient, options: NsqStatOptions, log: Log): Promise<readonly string[]> {
  const { topic, nsqdHttpAddress, lookupdHttpAddress } = options
  if (nsqdHttpAddress.length > 0) return nsqdHttpAddress
  const { found, errors } = await lookupProducers(client, lookupdHttpAddress, topic)
  if (errors.length === lookupdHttpAddress.length)
    throw new Refusal(`${PRODUCERS_FAILED} - ${errors[0]?.message ?? ''}`)
  for (const { message } of errors) log.line(`${PRODUCERS_FAILED} - ${message}`)
  return found
}
