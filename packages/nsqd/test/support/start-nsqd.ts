import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Logger, resolveOptions } from '@nsq-ts/daemon'
import { Nsqd } from '../../src/nsqd.ts'
import { nsqdTable } from '../../src/options.ts'
import { type RawAnswer, RawHttp } from './raw-http.ts'
import { V2Connection } from './v2-connection.ts'

/** An nsqd in this process, on free ports of 127.0.0.1 and with a data path of its own, which goes when it is disposed of. */
export class TestNsqd {
  readonly nsqd: Nsqd
  readonly dataPath: string
  /** Its log lines without prefix and time: `INFO: TCP: listening on ...`. */
  readonly logged: readonly string[]

  constructor(nsqd: Nsqd, dataPath: string, logged: readonly string[]) {
    this.nsqd = nsqd
    this.dataPath = dataPath
    this.logged = logged
  }

  get tcpPort(): number {
    return this.nsqd.addresses.tcp.port
  }

  get httpPort(): number {
    return this.nsqd.addresses.http!.port
  }

  /** One HTTP request on a connection of its own. */
  ask(method: string, path: string, body: string | Uint8Array = ''): Promise<RawAnswer> {
    return RawHttp.ask(this.httpPort, method, path, body)
  }

  post(path: string, body: string | Uint8Array = ''): Promise<RawAnswer> {
    return this.ask('POST', path, body)
  }

  /** `/stats` as JSON. */
  // eslint-disable-next-line typescript/no-explicit-any -- tests look into it, and a missing key is what they are about
  async stats(query = ''): Promise<any> {
    const { body } = await this.ask('GET', `/stats?format=json&${query}`)
    return JSON.parse(body)
  }

  /** A TCP connection that has sent the magic. */
  connect(): V2Connection {
    return new V2Connection(this.tcpPort)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nsqd.close()
    rmSync(this.dataPath, { recursive: true })
  }
}

/** @param flags as on the command line; addresses and data path may be among them, else they are chosen here. */
export async function startNsqd(...flags: string[]): Promise<TestNsqd> {
  const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-test-'))
  const defaults = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0', `--data-path=${dataPath}`]
  const { options } = resolveOptions(nsqdTable, [...defaults, ...flags], { program: 'nsqd' })
  const logged: string[] = []
  const write = (line: string) => void logged.push(line.slice(line.indexOf(' ', line.indexOf(' ') + 1) + 1).trimEnd())
  const logger = new Logger({ prefix: '', level: options.logLevel, destination: { write, reopen() {}, close() {} } })
  const started = new TestNsqd(new Nsqd(options, logger), dataPath, logged)
  try {
    await started.nsqd.start()
  } catch (error) {
    rmSync(dataPath, { recursive: true })
    throw error
  }
  return started
}
