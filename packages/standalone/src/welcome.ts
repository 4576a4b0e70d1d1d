import { styleText } from 'node:util'
import { VERSION } from '@nsq-ts/daemon'
import type { PlatformAddresses } from './platform.ts'
import type { ReachableAddress } from './reachable.ts'

export interface WelcomeSettings {
  readonly addresses: PlatformAddresses
  readonly dataPath: string
  /** Only where a person looks at a terminal. */
  readonly colours: boolean
}

/** What `nsq` prints once all is up: where things are, a line to try, and what to try next. */
export function welcome({ addresses, dataPath, colours }: WelcomeSettings): string {
  const bold = (text: string) => (colours ? styleText('bold', text) : text)
  const dim = (text: string) => (colours ? styleText('dim', text) : text)
  const { nsqd, nsqlookupd, nsqadmin } = addresses
  const listeners: [string, string, ReachableAddress | undefined, string][] = [
    ['nsqd', 'TCP', nsqd.tcp, 'producers and consumers'],
    ['', 'HTTP', nsqd.http, 'publish, administrate, look at /stats'],
    ['nsqlookupd', 'TCP', nsqlookupd?.tcp, 'more nsqds: --lookupd-tcp-address'],
    ['', 'HTTP', nsqlookupd?.http, 'consumers that look for a topic'],
  ]
  const lines = [bold(`nsq v${VERSION} is running.`) + dim(' Ctrl-C stops it.'), '']
  for (const [daemon, protocol, address, purpose] of listeners) {
    if (address === undefined) continue
    const place = address.text.padEnd(21)
    lines.push(`  ${daemon.padEnd(12)}${protocol.padEnd(6)}${bold(place)} ${dim(purpose)}`)
  }
  if (nsqadmin !== undefined) {
    const url = `http://${nsqadmin.http.text}${nsqadmin.path}`
    lines.push(`  ${'nsqadmin'.padEnd(12)}${'page'.padEnd(6)}${bold(url)} ${dim('see and run it all in the browser')}`)
  }
  lines.push(`  ${'data'.padEnd(18)}${dataPath === '' ? '.' : dataPath}`)
  for (const [heading, command] of suggestions(addresses)) lines.push('', heading, `  ${bold(command)}`)
  const all = [nsqd.tcp, nsqd.http, nsqlookupd?.tcp, nsqlookupd?.http, nsqadmin?.http]
  const open = all.some((address) => address?.everywhere)
  if (open)
    lines.push('', dim('All of it is open to the network; --nsqd.tcp-address=127.0.0.1:4150 and its like close it.'))
  return `${lines.join('\n')}\n\n`
}

/** A heading and a command each, to be played in this order. */
function suggestions({ nsqd }: PlatformAddresses): [string, string][] {
  const { tcp, http } = nsqd
  if (http === undefined || http.port === -1) return []
  const base = `http://${http.text}`
  const found: [string, string][] = [
    ['Publish a message:', `curl -d 'hello world' '${base}/pub?topic=test'`],
    ['See where it is:', `curl '${base}/stats'`],
  ]
  if (tcp.port === -1) return found
  const [host, port] = [tcp.text.slice(0, tcp.text.lastIndexOf(':')), tcp.port]
  found.push([
    'Consume it with no client at all (nobody finishes it, so it comes back after its time-out):',
    `printf '  V2SUB test worker\\nRDY 1\\n' | nc -w 2 ${host} ${port} | tr -cd '[:print:]'; echo`,
  ])
  return found
}
