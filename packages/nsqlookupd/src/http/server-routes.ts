// /ping, /info, /debug: about this nsqlookupd itself.
import { Reply, VERSION } from '@nsq-ts/daemon'
import type { Route } from '@nsq-ts/daemon'
import { debugJson } from '../discovery/json.ts'
import type { RegistrationDb } from '../registrations/registration-db.ts'

export function serverRoutes(db: RegistrationDb): Route[] {
  return [
    { method: 'GET', path: '/ping', probe: true, handle: () => new Reply('OK') },
    { method: 'GET', path: '/info', handle: () => ({ version: VERSION }) },
    { method: 'GET', path: '/debug', handle: () => debug(db) },
  ]
}

/** Every name with its producers; names without any are left out. */
function debug(db: RegistrationDb): object {
  const entries = [...db.registrations()].map(([{ category, key, subkey }, producers]) => {
    return [`${category}:${key}:${subkey}`, [...producers].map(debugJson)] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) // as Go writes a map
}
