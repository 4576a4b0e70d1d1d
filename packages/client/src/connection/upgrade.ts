// What may follow IDENTIFY: TLS, a compression, AUTH. Only connections that ask for one of them load this file. It runs in
// the turn in which each answer arrives, because what follows an answer in the same chunk may already be in the next encoding.
//
//   start --> [ tls ] --> [ deflate | snappy ] --> [ auth ] --> done        each step ends with one response frame
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { auth } from '@nsq-ts/protocol'
import { parseAddress } from '../address.ts'
import { ConnectionError } from '../errors.ts'
import { DeflateLayer } from './deflate.ts'
import type { ServerFeatures } from './identify.ts'
import type { Layer, LayerEnds } from './layer.ts'
import type { ConnectionSettings } from './options.ts'

/** What an upgrade does to its connection. */
export interface UpgradeEnds {
  /** Writes a command, at once. */
  send(command: Buffer): void
  /** Puts a socket over the socket. */
  wrapSocket(wrap: (plain: Socket) => Socket): void
  /** Puts a compression between frames and socket. */
  changeLayer(makeLayer: (ends: LayerEnds) => Layer): void
  onUpgraded(): void
}

/** Makes the layer of a compression that was granted. */
type LayerMaker = (ends: LayerEnds, features: ServerFeatures) => Layer

/**
 * Loads what these settings need.
 * @returns makes the upgrade of one connection
 * @throws {ConnectionError} when what snappy needs is not installed
 */
export async function loadUpgrade(
  address: string,
  settings: ConnectionSettings,
): Promise<(ends: UpgradeEnds) => Upgrade> {
  const makeLayer = settings.snappy ? await loadSnappyLayer(address) : makeDeflateLayer
  return (ends) => new Upgrade(address, settings, makeLayer, ends)
}

async function loadSnappyLayer(address: string): Promise<LayerMaker> {
  try {
    const { SnappyLayer } = await import('./snappy.ts')
    return (ends) => new SnappyLayer(ends)
  } catch (error) {
    throw new ConnectionError(address, 'snappy needs the packages snappy and @node-rs/crc32', { cause: error })
  }
}

function makeDeflateLayer(ends: LayerEnds, features: ServerFeatures): Layer {
  return new DeflateLayer(ends, features.deflateLevel)
}

type Step = 'tls' | 'compression' | 'auth'

/** The upgrades of one connection. */
export class Upgrade {
  readonly #address: string
  readonly #settings: ConnectionSettings
  readonly #makeLayer: LayerMaker
  readonly #ends: UpgradeEnds
  #steps: Step[] = []

  constructor(address: string, settings: ConnectionSettings, makeLayer: LayerMaker, ends: UpgradeEnds) {
    this.#address = address
    this.#settings = settings
    this.#makeLayer = makeLayer
    this.#ends = ends
  }

  /** @throws {Error} when the server does not grant what may not be done without, or requires what we have not */
  start(features: ServerFeatures): void {
    const { tls, authSecret } = this.#settings
    if (tls !== undefined && !features.tls) throw new Error('TLS was asked for and the server does not offer it')
    if (features.authRequired && authSecret === undefined) throw new Error('the server requires AUTH: set authSecret')
    if (features.tls) this.#steps.push('tls')
    if (features.deflate || features.snappy) this.#steps.push('compression')
    if (features.authRequired) this.#steps.push('auth')
    this.#do(features)
  }

  /** @throws {Error} when the server answers what it should not */
  onResponse(data: Buffer, features: ServerFeatures): void {
    const step = this.#steps.shift()
    if (step === 'auth') JSON.parse(data.toString()) // identity and permission count: nothing here depends on them
    else if (data.toString() !== 'OK') throw new Error(`unexpected answer to the ${step} upgrade`)
    this.#do(features)
  }

  #do(features: ServerFeatures): void {
    const [step] = this.#steps
    if (step === undefined) this.#ends.onUpgraded()
    else if (step === 'tls') this.#ends.wrapSocket((plain) => this.#secure(plain))
    else if (step === 'compression') this.#ends.changeLayer((ends) => this.#makeLayer(ends, features))
    else this.#ends.send(auth(this.#settings.authSecret!))
  }

  #secure(socket: Socket): Socket {
    const { host } = parseAddress(this.#address)
    const servername = isIP(host) === 0 ? { servername: host } : {}
    return connectTls({ ...servername, host, ...this.#settings.tls, socket })
  }
}
