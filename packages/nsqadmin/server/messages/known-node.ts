import { HttpError } from '@nsq-ts/daemon'
import type { OneNode } from '../cluster/one-node.ts'
import { nodeName } from '../cluster/producer.ts'
import type { AdminContext } from '../context.ts'
import { Steps } from '../http/steps.ts'

/**
 * A node of the cluster by its name: nobody is to make nsqadmin ask other hosts. Who is watched is known without asking; only for others
 * discovery is asked.
 * @throws {HttpError} 400 MISSING_ARG_NODE; 404 NODE_NOT_FOUND; 502
 */
export async function knownNode({ cluster, feed, logger }: AdminContext, name: string): Promise<OneNode> {
  if (name === '') throw new HttpError(400, 'MISSING_ARG_NODE')
  if (feed.knows(name)) return cluster.node(name)
  const producers = await new Steps(logger).query('get nodes', cluster.producers())
  if (!producers.some((producer) => nodeName(producer) === name)) throw new HttpError(404, 'NODE_NOT_FOUND')
  return cluster.node(name)
}
