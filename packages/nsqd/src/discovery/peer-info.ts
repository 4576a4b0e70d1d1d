/** What an nsqlookupd says of itself. */
export interface PeerInfo {
  /** Where its HTTP interface is; empty when it does not say. */
  readonly broadcastAddress: string
  readonly httpPort: number
}

/**
 * Reads the answer to IDENTIFY.
 * @throws {Error} when it is not the JSON of an nsqlookupd
 */
export function parsePeerInfo(answer: string): PeerInfo {
  const value: unknown = JSON.parse(answer)
  if (typeof value !== 'object' || value === null) throw new Error('the answer to IDENTIFY is no JSON object')
  const { broadcast_address: broadcastAddress, http_port: httpPort } = value as Record<string, unknown>
  return {
    broadcastAddress: typeof broadcastAddress === 'string' ? broadcastAddress : '',
    httpPort: typeof httpPort === 'number' ? httpPort : 0,
  }
}
