// The handshake: IDENTIFY, the upgrades that the server grants, AUTH. It runs in the turn in which each answer arrives,
// because what follows an answer in the same chunk may already be in the next encoding.
//
//   identify --> [ tls ] --> [ deflate | snappy ] --> [ auth ] --> done        each step ends with one response frame
import { auth, FrameType, identify } from '@nsq-ts/protocol'
import { ServerError } from '../errors.ts'
import { identifyBody, parseFeatures, type ServerFeatures } from './identify.ts'
import type { ConnectionSettings } from './options.ts'

/** What a handshake does to its connection. */
export interface HandshakeEnds {
  /** Writes a command, at once. */
  send(command: Buffer): void
  /** Wraps the socket in TLS; the server answers OK through it. */
  startTls(): void
  /** Puts a compression between frames and socket; the server answers OK through it. */
  startCompression(features: ServerFeatures): void
  onHandshakeDone(features: ServerFeatures): void
}

type Step = 'identify' | 'tls' | 'compression' | 'auth'

export class Handshake {
  readonly #address: string
  readonly #settings: ConnectionSettings
  readonly #ends: HandshakeEnds
  #step: Step = 'identify'
  #remaining: Step[] = []
  #features: ServerFeatures | undefined

  constructor(address: string, settings: ConnectionSettings, ends: HandshakeEnds) {
    this.#address = address
    this.#settings = settings
    this.#ends = ends
  }

  start(): void {
    this.#ends.send(identify(identifyBody(this.#settings)))
  }

  /** @throws when the server refuses, or answers what it should not */
  onFrame(type: number, data: Buffer): void {
    if (type === FrameType.error) throw new ServerError(this.#address, data.toString())
    if (type !== FrameType.response) throw new Error(`frame of type ${type} during the handshake`)
    if (data.toString() === '_heartbeat_') return // it may not be answered before the upgrades are done
    switch (this.#step) {
      case 'identify':
        this.#features = parseFeatures(data)
        this.#remaining = this.#stepsFor(this.#features)
        break
      case 'tls':
      case 'compression':
        if (data.toString() !== 'OK') throw new Error(`unexpected answer to the ${this.#step} upgrade`)
        break
      case 'auth':
        JSON.parse(data.toString()) // identity and permission count: nothing here depends on them
        break
    }
    this.#next(this.#features!)
  }

  #stepsFor(features: ServerFeatures): Step[] {
    const { tls, authSecret } = this.#settings
    if (tls !== undefined && !features.tls) throw new Error('TLS was asked for and the server does not offer it')
    if (features.authRequired && authSecret === undefined) throw new Error('the server requires AUTH: set authSecret')
    const steps: Step[] = []
    if (features.tls) steps.push('tls')
    if (features.deflate || features.snappy) steps.push('compression')
    if (features.authRequired) steps.push('auth')
    return steps
  }

  #next(features: ServerFeatures): void {
    const step = this.#remaining.shift()
    if (step === undefined) {
      this.#ends.onHandshakeDone(features)
      return
    }
    this.#step = step
    if (step === 'tls') this.#ends.startTls()
    else if (step === 'compression') this.#ends.startCompression(features)
    else this.#ends.send(auth(this.#settings.authSecret!))
  }
}
