// The part of squeaky that the tests use; it brings no types.
declare module 'squeaky' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'

  export interface Message {
    /** Parsed, if it is JSON. */
    readonly body: unknown
    readonly attempts: number
    finish(): Promise<void>
    requeue(delayMs?: number): Promise<void>
  }

  export interface Options {
    readonly host: string
    readonly port: number
    /** msg_timeout in milliseconds. */
    readonly timeout?: number
  }

  class Publisher extends EventEmitter {
    constructor(options: Options)
    publish(topic: string, data: string | string[], delayMs?: number): Promise<string>
    close(): Promise<void>
  }

  class Subscriber extends EventEmitter {
    constructor(options: Options & { readonly topic: string; readonly channel: string; readonly concurrency: number })
    readonly connections: Map<string, { readonly socket: Socket & { _disableReconnects(retrying: boolean): void } }>
    on(event: 'message', listener: (message: Message) => void): this
    on(event: 'error', listener: (error: Error & { code?: string }) => void): this
    close(): Promise<void>
  }

  const squeaky: { readonly Publisher: typeof Publisher; readonly Subscriber: typeof Subscriber }
  export default squeaky
}
