import { HttpError, type HttpRequest, type LogLevel, optionByKey, parseLogLevel, type Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'
import { type NsqdOptions, nsqdTable } from '../options.ts'
import { drainReport, putDrain } from './drain.ts'
import { effectiveOptions } from './effective-options.ts'
import { readLiveOption } from './live-options.ts'

/** `/config/:opt`: any option can be read, some can be changed while nsqd runs; `drain` is ours, and no option. */
export function configRoutes(nsqd: Nsqd): Route[] {
  return [
    { method: 'GET', path: '/config/:opt', handle: ({ params }) => configValue(nsqd, params['opt'] ?? '') },
    { method: 'PUT', path: '/config/:opt', handle: (request) => changeConfig(nsqd, request) },
  ]
}

function configValue(nsqd: Nsqd, key: string): unknown {
  if (key === 'drain') return drainReport(nsqd)
  const option = optionByKey(nsqdTable, effectiveOptions(nsqd), key)
  if (option === undefined) throw new HttpError(400, 'INVALID_OPTION')
  return option.wire
}

/** The body is looked at before the option is, as the original does. */
async function changeConfig(nsqd: Nsqd, request: HttpRequest): Promise<unknown> {
  if (request.params['opt'] === 'drain') return putDrain(nsqd, request)
  const body = await request.readBody(nsqd.options.maxMsgSize, 'INVALID_VALUE')
  if (body.length === 0) throw new HttpError(413, 'INVALID_VALUE')
  const text = body.toString()
  const key = request.params['opt'] ?? ''
  switch (key) {
    case 'log_level':
      nsqd.changeOptions({ logLevel: readLogLevel(text) })
      return configValue(nsqd, 'log_level')
    case 'nsqlookupd_tcp_addresses': {
      const addresses = readAddresses(text)
      nsqd.changeOptions({ lookupdTcpAddresses: addresses ?? [] })
      return addresses
    }
    default:
      nsqd.changeOptions(readLive(key, text))
      return configValue(nsqd, key)
  }
}

function readLive(key: string, text: string): Partial<NsqdOptions> {
  let change: Partial<NsqdOptions> | undefined
  try {
    change = readLiveOption(key, text)
  } catch (cause) {
    throw new HttpError(400, 'INVALID_VALUE', { cause })
  }
  if (change === undefined) throw new HttpError(400, 'INVALID_OPTION')
  return change
}

/** A bare word: no quotes, no line end. */
function readLogLevel(text: string): LogLevel {
  try {
    return parseLogLevel(text)
  } catch (cause) {
    throw new HttpError(400, 'INVALID_VALUE', { cause })
  }
}

/** A JSON list of strings; null is accepted for an empty one. */
function readAddresses(text: string): string[] | null {
  const value = parseJson(text)
  if (value === null) return null
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw new HttpError(400, 'INVALID_VALUE')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HttpError(400, 'INVALID_VALUE', { cause })
  }
}
