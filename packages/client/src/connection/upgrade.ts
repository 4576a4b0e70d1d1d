// What may follow IDENTIFY: TLS, a compression, AUTH. Only connections that ask for one of them load this file. It runs in
// the turn in which each answer arrives, because what follows an answer in the same chunk may already be in the next encoding.
//
//   start --> [ tls ] --> [ deflate | snappy ] --> [ auth ] --> done        each step ends with one response frame
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { DeflateLayer } from './deflate.ts'
import type { ServerFeatures } from './identify.ts'
import type { Layer, LayerEnds } from './layer.ts'
import type { ConnectionSettings } from './settings.ts'

/** What an upgrade does to its connection. */
export interface UpgradeEnds {
  /** Writes AUTH. */
  sendAuth(): void
  /** Puts a socket over the socket. @param wrap is given that, and the host it leads to */
  wrapSocket(wrap: (plain: Socket, host: string) => Socket): void
  /** Puts a compression between frames and socket. */
  changeLayer(makeLayer: (ends: LayerEnds) => Layer): void
  onUpgraded(): void
}

/** Makes the layer of a compression that was granted. */
type LayerMaker = (ends: LayerEnds, features: ServerFeatures) => Layer

/**
 * Loads what these settings need.
 * @returns makes the upgrade of one connection
 * @throws {Error} when what snappy needs is not installed
 */
export async function loadUpgrade(settings: ConnectionSettings): Promise<(ends: UpgradeEnds) => Upgrade> {
  const makeLayer = settings.snappy ? await loadSnappyLayer() : makeDeflateLayer
  return (ends) => new Upgrade(settings, makeLayer, ends)
}

async function loadSnappyLayer(): Promise<LayerMaker> {
  try {
    const { SnappyLayer } = await import('./snappy.ts')
    return (ends) => new SnappyLayer(ends)
  } catch (error) {
    throw new Error('snappy needs the packages snappy and @node-rs/crc32', { cause: error })
  }
}

function makeDeflateLayer(ends: LayerEnds, features: ServerFeatures): Layer {
  return new DeflateLayer(ends, features.deflateLevel)
}

type Step = 'tls' | 'compression' | 'auth'

/** The upgrades of one connection. */
export class Upgrade {
  readonly #settings: ConnectionSettings
  readonly #makeLayer: LayerMaker
  readonly #ends: UpgradeEnds
  #steps: Step[] = []

  constructor(settings: ConnectionSettings, makeLayer: LayerMaker, ends: UpgradeEnds) {
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
    else if (step === 'tls') this.#ends.wrapSocket((plain, host) => this.#secure(plain, host))
    else if (step === 'compression') this.#ends.changeLayer((ends) => this.#makeLayer(ends, features))
    else this.#ends.sendAuth()
  }

  #secure(socket: Socket, host: string): Socket {
    const servername = isIP(host) === 0 ? { servername: host } : {}
    return connectTls({ ...servername, host, ...this.#settings.tls, socket })
  }
}
