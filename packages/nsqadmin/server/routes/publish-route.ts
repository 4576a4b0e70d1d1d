// A message from the page to a topic. Not in the original.
import { HttpError } from '@nsq-ts/daemon'
import { isValidTopicName } from '@nsq-ts/protocol'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { PublishAnswer } from '../api-types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { nodeName } from '../cluster/producer.ts'
import type { AdminContext } from '../context.ts'
import { jsonBody } from '../http/json-body.ts'
import { Steps } from '../http/steps.ts'
import { joinErrors, UpstreamError } from '../upstream/upstream-error.ts'

// nsqd's own --max-msg-size decides; this bounds what is held here. Base64 in JSON takes a third more.
const BODY_SIZE_MAX = 32 * 1024 * 1024
const DEFER_MAX_MS = 2 ** 53 / 1e6

const publishBody = z.object({
  body: z.string(),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
  defer: z.number().int().min(0).max(DEFER_MAX_MS).default(0),
  node: z.string().default(''),
})

export function publishRoute(app: FastifyInstance, context: AdminContext): void {
  const { cluster, logger, actions, at } = context
  const route = { config: { access: 'act', tooBig: 'MSG_TOO_BIG' }, bodyLimit: BODY_SIZE_MAX } as const

  app.post<{ Params: { topic: string } }>(at('/api/publish/:topic'), route, async (request): Promise<PublishAnswer> => {
    const { topic } = request.params
    if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
    const { body, encoding, defer, node: wanted } = jsonBody(request.body, publishBody, 'INVALID_BODY')
    const bytes = Buffer.from(body, encoding)
    if (bytes.length === 0) throw new HttpError(400, 'MSG_EMPTY')
    const steps = new Steps(logger)
    const nodes = await candidates(cluster, steps, topic, wanted)
    const action = { action: 'publish_message', topic } as const
    try {
      const node = await publishToFirst(cluster, nodes, topic, bytes, defer)
      actions.done(request, { ...action, node }, steps.message)
      return { node, message: steps.message }
    } catch (error) {
      actions.failed(request, action, error instanceof HttpError ? error.code : String(error))
      throw error
    }
  })
}

/** Nodes that the message may go to, the best first. Only nodes of the cluster: nobody is to make nsqadmin ask other hosts. */
async function candidates(cluster: Cluster, steps: Steps, topic: string, wanted: string): Promise<string[]> {
  const producers = await steps.query('get nodes', cluster.producers())
  if (wanted !== '') {
    if (!producers.some((producer) => nodeName(producer) === wanted)) throw new HttpError(404, 'NODE_NOT_FOUND')
    return [wanted]
  }
  const having = producers.filter(({ topics }) => topics?.some((one) => one.topic === topic && !one.tombstoned))
  if (having.length > 0) return having.map(nodeName)
  const known = await steps.query('get topics', cluster.topics())
  if (!known.includes(topic)) throw new HttpError(404, 'TOPIC_NOT_FOUND') // a typing error must not make a topic
  return producers.map(nodeName)
}

/** @returns the node that took it @throws {HttpError} what nsqd says is wrong with the message; 502 when none takes it */
async function publishToFirst(
  cluster: Cluster,
  nodes: readonly string[],
  topic: string,
  bytes: Uint8Array,
  deferMs: number,
): Promise<string> {
  const errors: UpstreamError[] = []
  for (const node of nodes) {
    try {
      await cluster.publish(node, topic, bytes, deferMs)
      return node
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      const { status = 0, code = '' } = error.answer ?? {}
      if (status >= 400 && status < 500 && code !== '') throw new HttpError(status, code, { cause: error })
      // Without an answer it may have been taken all the same: another node would make two of it.
      if (error.answer === undefined && !refusedConnection(error)) {
        throw new HttpError(502, `UPSTREAM_ERROR: ${error.message}`, { cause: error })
      }
      errors.push(error)
    }
  }
  throw new HttpError(502, `UPSTREAM_ERROR: failed to publish to any nsqd: ${joinErrors(errors)}`)
}

function refusedConnection({ cause }: UpstreamError): boolean {
  const code = (cause as { code?: string } | undefined)?.code ?? ''
  return ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'].includes(code)
}
