// What the original's API does to the cluster (nsqadmin.md, section 6.2).
import { HttpError } from '@nsq-ts/daemon'
import { isValidChannelName, isValidTopicName } from '@nsq-ts/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { WithMessage } from '../api-types.ts'
import type { AdminContext } from '../context.ts'
import { jsonBody } from '../http/json-body.ts'
import { Steps } from '../http/steps.ts'
import type { AdminAction } from '../notify/admin-actions.ts'

const ACT = { config: { access: 'act' } } as const

const field = z.string().default('')
const createBody = z.object({ topic: field, channel: field })
const actionBody = z.object({ action: field })
const tombstoneBody = z.object({ topic: field })

interface Params {
  topic: string
  channel?: string
}

export function actionRoutes(app: FastifyInstance, context: AdminContext): void {
  const { cluster, at } = context
  const act = actWith(context)

  app.post(at('/api/topics'), ACT, (request) => {
    const { topic, channel } = jsonBody(request.body, createBody)
    if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
    if (channel !== '' && !isValidChannelName(channel)) throw new HttpError(400, 'INVALID_CHANNEL')
    const actions: AdminAction[] = [{ action: 'create_topic', topic }]
    if (channel !== '') actions.push({ action: 'create_channel', topic, channel })
    return act(request, 'create topic/channel', actions, cluster.create(topic, channel))
  })

  for (const path of ['/api/topics/:topic', '/api/topics/:topic/:channel']) {
    app.delete<{ Params: Params }>(at(path), ACT, (request) => {
      const { topic, channel = '' } = request.params
      const kind = channel === '' ? 'topic' : 'channel'
      const action = { action: `delete_${kind}`, topic, channel } as const
      return act(request, `delete ${kind}`, [action], cluster.delete(topic, channel))
    })

    app.post<{ Params: Params }>(at(path), ACT, (request) => {
      const { topic, channel = '' } = request.params
      const { action } = jsonBody(request.body, actionBody)
      if (action !== 'pause' && action !== 'unpause' && action !== 'empty') throw new HttpError(400, 'INVALID_ACTION')
      const name = `${action}_${channel === '' ? 'topic' : 'channel'}` as const
      const doing = cluster.act(action, topic, channel)
      return act(request, `${action} topic/channel`, [{ action: name, topic, channel }], doing)
    })
  }

  app.delete<{ Params: { node: string } }>(at('/api/nodes/:node'), ACT, (request) => {
    const { node } = request.params
    const { topic } = jsonBody(request.body, tombstoneBody, 'INVALID_BODY')
    if (!isValidTopicName(topic)) throw new HttpError(400, 'INVALID_TOPIC')
    const action = { action: 'tombstone_topic_producer', topic, node } as const
    return act(request, 'tombstone node for topic', [action], cluster.tombstone(topic, node))
  })
}

/** Waits for what is done, answers with its warnings, and sees to it that it is known who did it. */
function actWith({ logger, actions }: AdminContext) {
  return async (
    request: FastifyRequest,
    what: string,
    done: readonly AdminAction[],
    acting: Promise<readonly Error[]>,
  ): Promise<WithMessage> => {
    const steps = new Steps(logger)
    try {
      await steps.act(what, acting)
    } catch (error) {
      for (const action of done)
        actions.failed(request, action, error instanceof HttpError ? error.code : String(error))
      throw error
    }
    for (const action of done) actions.done(request, action, steps.message)
    return { message: steps.message }
  }
}
