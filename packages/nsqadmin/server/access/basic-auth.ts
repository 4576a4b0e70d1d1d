/** What a Basic `Authorization` header says; undefined if it is none. Nobody has checked the password yet. */
export function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const [scheme, encoded] = header?.split(' ') ?? []
  if (scheme !== 'Basic' || encoded === undefined) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon === -1 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
