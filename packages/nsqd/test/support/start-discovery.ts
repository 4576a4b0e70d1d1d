import { Discovery } from '../../src/discovery/discovery.ts'
import { DISCOVERY_TIMING, type DiscoveryTiming } from '../../src/discovery/timing.ts'
import { startNsqd, type TestNsqd } from './start-nsqd.ts'

/** An nsqd whose discovery is in a hurry. */
export interface HastyNsqd extends AsyncDisposable {
  readonly d: TestNsqd
  readonly discovery: Discovery
}

/** Short, and still long enough for a machine that does other things as well. */
const HASTY: DiscoveryTiming = {
  ...DISCOVERY_TIMING,
  answerTimeoutMs: 300,
  pingIntervalMs: 100,
  firstBackOffMs: 10,
  backOffMaxMs: 80,
  closeTimeoutMs: 200,
  firstContactMs: 300,
  lostPeerMs: 100,
  openingMaxMs: 300,
}

/** Starts an nsqd without lookupds, and a discovery of its topics with them. @param flags as for startNsqd */
export async function startHastyNsqd(
  addresses: readonly string[],
  timing: Partial<DiscoveryTiming> = {},
  ...flags: string[]
): Promise<HastyNsqd> {
  const d = await startNsqd(...flags)
  const { logger, options, registry } = d.nsqd
  const announced = () => ({ ...options, broadcastTcpPort: d.tcpPort, broadcastHttpPort: d.httpPort })
  const discovery = new Discovery({
    registry,
    logger,
    options: { ...options, lookupdTcpAddresses: addresses },
    announced,
    timing: { ...HASTY, ...timing },
    random: () => 0,
  })
  registry.openWith((topic) => discovery.open(topic))
  registry.listen(discovery)
  discovery.start()
  return {
    d,
    discovery,
    async [Symbol.asyncDispose]() {
      await discovery.close()
      await d[Symbol.asyncDispose]()
    },
  }
}
