import { Reply } from './reply.ts'

/**
 * Sends a client to another spelling of a path: with 301 and a link for GET, with 307 otherwise.
 * @param path decoded @param query with its `?`, or empty
 */
export function redirectReply(path: string, query: string, method: string): Reply {
  const location = encodeURI(path).replaceAll('#', '%23').replaceAll('?', '%3F') + query
  const headers = [['Location', location]] as const
  if (method !== 'GET') return new Reply('', { status: 307, contentType: '', headers })
  const href = location
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&#34;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
  const body = `<a href="${href}">Moved Permanently</a>.\n\n`
  return new Reply(body, { status: 301, contentType: 'text/html; charset=utf-8', headers })
}
