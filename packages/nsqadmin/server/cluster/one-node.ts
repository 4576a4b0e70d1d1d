import { HttpError } from '@nsq-ts/daemon'
import type { Json } from '../upstream/read-fields.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import { query } from './upstreams.ts'
import type { Upstreams } from './upstreams.ts'

/** Parameters of a request; what is empty is left out. */
type Parameters = Readonly<Record<string, string>>

/**
 * One nsqd of the cluster, for what only an nsqd of this project has, and what is asked of one at a time. Everything throws an
 * {@link HttpError}: what the nsqd has refused, by its own status and code; 501 `NOT_SUPPORTED` where it does not know the question (it is
 * the original, or older); 502 `NODE_WANTS_TOKEN`, or `UPSTREAM_ERROR: ...` when it was not reached.
 */
export class OneNode {
  /** `broadcast_address:http_port` */
  readonly name: string
  readonly #upstreams: Upstreams

  constructor(upstreams: Upstreams, name: string) {
    this.#upstreams = upstreams
    this.name = name
  }

  get(path: string, parameters: Parameters): Promise<Json> {
    return orRefusal(this.#upstreams.get('nsqd', this.name, path + query(parameters)))
  }

  post(path: string, parameters: Parameters): Promise<void> {
    return orRefusal(this.#upstreams.post('nsqd', this.name, path + query(parameters)))
  }

  /** For a POST that is answered with more than that it was done. @param given goes with it also where it is empty */
  postForJson(path: string, parameters: Parameters, given: Parameters = {}): Promise<Json> {
    const more = new URLSearchParams(given).toString()
    const wanted = query(parameters)
    return orRefusal(this.#upstreams.postForJson('nsqd', this.name, `${path}${wanted}${more === '' ? '' : `&${more}`}`))
  }
}

async function orRefusal<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof UpstreamError) throw refusalOf(error)
    throw error
  }
}

function refusalOf(error: UpstreamError): HttpError {
  const { status = 0, code = '' } = error.answer ?? {}
  if (status === 404 && (code === 'NOT_FOUND' || code === ''))
    return new HttpError(501, 'NOT_SUPPORTED', { cause: error })
  // Its 401 is ours to solve: whoever asks us has nothing to do with it.
  if (status === 401 || status === 403) return new HttpError(502, 'NODE_WANTS_TOKEN', { cause: error })
  if (status >= 400 && code !== '') return new HttpError(status, code, { cause: error })
  return new HttpError(502, `UPSTREAM_ERROR: ${error.message}`, { cause: error })
}
