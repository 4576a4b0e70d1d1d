/** How the state of the disk is said: `OK`, or `NOK - ` and what went wrong (nsqd-internals.md, section 12). */
export function healthLine(health: string): string {
  return health === 'OK' ? health : `NOK - ${health}`
}
