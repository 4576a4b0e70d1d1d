import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request that changes something may come from where it comes from. A browser on another site could be made to send one in
 * its user's name; such a request says so in Sec-Fetch-Site, or in Origin. Programs send neither. A header of one's own
 * is a proof too, where a proxy has changed Host: other sites cannot set it without a leave that nsqadmin never gives.
 */
export function mayAct(headers: IncomingHttpHeaders): boolean {
  if (headers['x-useragent'] !== undefined || headers['x-requested-with'] !== undefined) return true
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && hosts(headers).includes(new URL(origin).host)
}

function hosts(headers: IncomingHttpHeaders): string[] {
  const forwarded = headers['x-forwarded-host']
  return [headers.host ?? '', typeof forwarded === 'string' ? forwarded : '']
}
