import type { Channel } from '../../../src/core/channel.ts'
import type { Lane } from '../../../src/core/in-flight.ts'
import { Locality, type Subscriber } from '../../../src/core/subscriber.ts'
import { decodeHeaders, type Headers } from '../../../src/log/headers.ts'
import { type Frame, readFrames } from './frame.ts'

export interface SimSubscriberOptions {
  readonly readyCount?: number
  readonly msgTimeoutMs?: number
  readonly sampleRate?: number
  readonly locality?: Locality
  readonly wantsHeaders?: boolean
  readonly wantsDepth?: boolean
}

/** Takes apart and keeps what it is sent. */
export class SimSubscriber implements Subscriber {
  readonly msgTimeoutMs: number
  readonly locality: Locality
  readonly wantsHeaders: boolean
  readonly wantsDepth: boolean
  /** Headers that came, by message id. */
  readonly headers = new Map<string, Headers>()
  /** Depths that it was told. */
  readonly hints: number[] = []
  rdy: number
  congested = false
  closed = false
  lane: Lane | null = null
  /** All that was received and not forgotten. */
  frames: Frame[] = []
  /** Called with each frame that comes. */
  onFrame: (frame: Frame) => void = () => {}
  /** Called when the channel is about to decide on a sample. */
  onSampleRate: () => void = () => {}
  /** Called after each run of frames. */
  onSent: () => void = () => {}
  onClosed: () => void = () => {}
  readonly #sampleRate: number

  constructor(options: SimSubscriberOptions = {}) {
    this.rdy = options.readyCount ?? 0
    this.msgTimeoutMs = options.msgTimeoutMs ?? 60_000
    this.#sampleRate = options.sampleRate ?? 0
    this.locality = options.locality ?? Locality.global
    this.wantsHeaders = options.wantsHeaders ?? false
    this.wantsDepth = options.wantsDepth ?? false
  }

  get readyCount(): number {
    return this.congested ? 0 : this.rdy
  }

  get sampleRate(): number {
    this.onSampleRate()
    return this.#sampleRate
  }

  get bodies(): string[] {
    return this.frames.map((frame) => frame.body.toString())
  }

  subscribe(channel: Channel): this {
    this.lane = channel.subscribe(this)
    return this
  }

  send(bytes: Buffer, start: number, end: number, count: number): void {
    const frames = readFrames(bytes.subarray(start, end))
    if (frames.length !== count) throw new Error(`${frames.length} frames came as ${count}`)
    for (const frame of frames) {
      if (frame.attempts !== 1) throw new Error(`a first delivery has attempts ${frame.attempts}`)
      this.#take(frame)
    }
    this.onSent()
  }

  sendAgain(bytes: Buffer, start: number, end: number, attempts: number): void {
    const frames = readFrames(bytes.subarray(start, end))
    if (frames.length !== 1) throw new Error(`${frames.length} frames came as one`)
    this.#take({ ...frames[0]!, attempts })
    this.onSent()
  }

  sendHeaded(bytes: Buffer, start: number, end: number, attempts: number, headers: Buffer): void {
    if (!this.wantsHeaders) throw new Error('it did not ask for headers')
    const frames = readFrames(bytes.subarray(start, end))
    if (frames.length !== 1) throw new Error(`${frames.length} frames came as one`)
    this.headers.set(frames[0]!.id, decodeHeaders(headers))
    this.#take({ ...frames[0]!, attempts })
    this.onSent()
  }

  hintDepth(depth: number): void {
    if (!this.wantsDepth) throw new Error('it did not ask for hints')
    this.hints.push(depth)
  }

  channelClosed(): void {
    this.closed = true
    this.onClosed()
  }

  #take(frame: Frame): void {
    this.frames.push(frame)
    this.onFrame(frame)
  }
}
