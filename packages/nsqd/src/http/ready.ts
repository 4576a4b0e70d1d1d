import { Reply, type Route } from '@nsq-ts/daemon'
import type { Nsqd } from '../nsqd.ts'

/** `/ready`, for what sends clients here: 503 with the reasons until messages can be taken. `/ping` is as ever. */
export function readyRoutes(nsqd: Nsqd): Route[] {
  return [
    {
      method: 'GET',
      path: '/ready',
      quiet: true,
      probe: true,
      handle() {
        const reasons = nsqd.notReady()
        return reasons.length === 0 ? new Reply('OK') : new Reply(`NOK - ${reasons.join('; ')}`, { status: 503 })
      },
    },
  ]
}
