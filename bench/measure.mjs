import { inThread } from './client/in-thread.mjs'
import { Server } from './server/server.mjs'

const TOPIC = 'bench'
const CHANNEL = 'ch'

/**
 * Plays a scenario once against a server that is started for it.
 * @param {import('./scenarios/index.mjs').Scenario} scenario
 * @param {string[]} command of the server, without addresses and data path
 * @param {{ seconds: number, fill: number, size: number, batch: number }} settings
 * @returns {Promise<{ done: number, ops?: number, cpu_us?: number, rss_mb?: number, p50_ms?: number, p99_ms?: number, window_us: number[] }>}
 *   cpu_us: of the server, per message; rss_mb: its resident memory at the end; window_us: from when to when, on the
 *   machine's monotonic clock
 */
export async function measure(scenario, command, settings) {
  const server = await Server.start({ command, flags: scenario.flags })
  try {
    await server.post(`/topic/create?topic=${TOPIC}`)
    for (const channel of scenario.channels ?? [CHANNEL]) {
      await server.post(`/channel/create?topic=${TOPIC}&channel=${channel}`)
    }
    const load = loadOn(server.tcpPort, settings)
    await scenario.before?.(load)
    const from = nowUs()
    const cpuBefore = server.cpuUs
    const result = await scenario.play(load)
    if (result.done === 0) throw new Error(`${scenario.name}: not one message came through`)
    const usage = { cpu_us: (server.cpuUs - cpuBefore) / result.done, rss_mb: server.residentMb }
    const window_us = [from, nowUs()]
    return { ...result, window_us, ...(result.ops !== undefined && usage) } // at a few messages a second it says nothing
  } catch (cause) {
    throw new Error(`${scenario.name} against ${command.join(' ')}: ${cause.message}`, { cause })
  } finally {
    await server.stop()
  }
}

function nowUs() {
  return Number(process.hrtime.bigint() / 1000n)
}

/** What a scenario calls, with the defaults that all of them share. */
function loadOn(port, { seconds, fill, size, batch }) {
  const common = { port, topic: TOPIC, channel: CHANNEL, size, seconds }
  return {
    seconds,
    fill,
    publish: (options) => inThread('publish', { ...common, batch, connections: 2, window: 4, ...options }),
    consume: (options) => inThread('consume', { ...common, connections: 2, rdy: 2500, ...options }),
    latency: (options) => inThread('latency', { ...common, ...options }),
  }
}
