// /config/:opt (nsqadmin.md, section 10).
import { HttpError } from '@nsq-ts/daemon'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AdminContext } from '../context.ts'
import { asNsq } from '../http/conventions.ts'
import type { Settings } from '../settings.ts'

interface Params {
  opt: string
}

const CONFIG = { config: { access: 'config', tooBig: 'INVALID_VALUE' } } as const

export function configRoutes(app: FastifyInstance, { settings, actions, at }: AdminContext): void {
  app.get<{ Params: Params }>(at('/config/:opt'), CONFIG, ({ params }, reply) => show(settings, params.opt, reply))

  app.put<{ Params: Params }>(at('/config/:opt'), CONFIG, (request, reply) => {
    const { params, body } = request
    const text = Buffer.isBuffer(body) ? body.toString('utf8') : ''
    if (text === '') throw new HttpError(413, 'INVALID_VALUE')
    change(settings, params.opt, text)
    actions.changedOption(request, params.opt, text)
    return show(settings, params.opt, reply)
  })
}

function change(settings: Settings, key: string, text: string): void {
  switch (key) {
    case 'nsqlookupd_http_addresses':
      settings.changeLookupds(addressList(text))
      return
    case 'log_level':
      try {
        settings.changeLogLevel(text)
        return
      } catch (cause) {
        throw new HttpError(400, 'INVALID_VALUE', { cause })
      }
    default:
      throw new HttpError(400, 'INVALID_OPTION')
  }
}

/** `null` is none, as an empty list is. */
function addressList(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text) ?? []
    if (Array.isArray(list) && list.every((entry) => typeof entry === 'string')) return list
  } catch {
    // no JSON: told below
  }
  throw new HttpError(400, 'INVALID_VALUE')
}

function show(settings: Settings, key: string, reply: FastifyReply): FastifyReply {
  const option = settings.wireValue(key)
  if (option === undefined) throw new HttpError(400, 'INVALID_OPTION')
  const { wire } = option
  if (wire === '') return asNsq(reply).send()
  return asNsq(reply).send(wire)
}
