// Two nsqds and the nsqlookupd that knows them, as processes.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../../../test/support/eventually.ts'
import { NsqdProcess } from '../../../../test/support/nsqd-process.ts'

const NSQLOOKUPD = fileURLToPath(new URL('../../../nsqlookupd/bin/nsqlookupd.js', import.meta.url))

export interface Cluster extends AsyncDisposable {
  readonly a: NsqdProcess
  readonly b: NsqdProcess
  /** HTTP address of nsqlookupd. */
  readonly lookupd: string
}

export async function startCluster(): Promise<Cluster> {
  const child = spawn(process.execPath, [NSQLOOKUPD, '--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  const port = (kind: string): string | undefined => new RegExp(`${kind}: listening on \\S+:(\\d+)`).exec(log)?.[1]
  await eventually(() => port('HTTP') !== undefined && port('TCP') !== undefined, {
    what: 'nsqlookupd listens',
    timeoutMs: 20_000,
  })
  const flags = [
    `--lookupd-tcp-address=127.0.0.1:${port('TCP')}`,
    '--broadcast-address=127.0.0.1',
    '--msg-timeout=5s',
    '--requeue-on-disconnect',
  ]
  const [a, b] = await Promise.all([NsqdProcess.start(flags), NsqdProcess.start(flags)])
  return {
    a,
    b,
    lookupd: `127.0.0.1:${port('HTTP')}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose](), stopped(child)])
    },
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill()
  await closed
}

/** Address for a tool's flag. */
export function tcp(nsqd: NsqdProcess): string {
  return `127.0.0.1:${nsqd.tcpPort}`
}

/** Publishes lines over HTTP, in pieces that nsqd takes. */
export async function publishLines(nsqd: NsqdProcess, topic: string, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += 5000) {
    const body = `${lines.slice(from, from + 5000).join('\n')}\n`
    const { status, text } = await nsqd.http('POST', `/mpub?topic=${topic}`, body)
    if (status !== 200) throw new Error(text)
  }
}

/** Waits until a channel has had so many messages, and all of them are finished. */
export async function channelDone(nsqd: NsqdProcess, topic: string, channel: string, count: number): Promise<void> {
  await eventually(
    async () => {
      const stats = await nsqd.channel(topic, channel).catch(() => undefined)
      if (stats === undefined || stats.message_count < count) return false
      return stats.depth + stats.in_flight_count + stats.deferred_count === 0
    },
    { what: `${count} messages of ${topic}/${channel} are finished`, timeoutMs: 30_000 },
  )
}

/** `prefix-0`, `prefix-1` ... */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}-${number}`)
}
