// Everything that this library rejects or reports. Tell them apart by `code`; `cause` has what lies beneath.
import { isFatalCode } from '@nsq-ts/protocol'

/** Base of all errors of this library, except TypeError and RangeError for misuse at the call. */
export abstract class NsqError extends Error {
  /** `ERR_NSQ_...`, or for a {@link ServerError} the server's own `E_...`. */
  readonly code: string
  /** The code of the class, without `ERR_NSQ_`. */
  declare protected static readonly code: string

  constructor(message: string, options?: ErrorOptions, code: string = `ERR_NSQ_${new.target.code}`) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** `ERR_NSQ_CONNECTION`: the connection could not be made, failed its handshake, or was lost. */
export class ConnectionError extends NsqError {
  protected static override readonly code = 'CONNECTION'
  /** `host:port` of the nsqd. */
  readonly address: string

  constructor(address: string, message: string, options?: ErrorOptions) {
    super(`${address}: ${message}`, options)
    this.address = address
  }
}

/** The server answered with an error; `code` is its code, such as `E_BAD_TOPIC`. */
export class ServerError extends NsqError {
  /** `host:port` of the nsqd. */
  readonly address: string
  /** True when the server closes the connection after it. */
  readonly fatal: boolean

  /** @param text of the error frame: the code, a space, the description */
  constructor(address: string, text: string) {
    const code = /^E_[A-Z_]+/.exec(text)?.[0] ?? 'ERR_NSQ_SERVER'
    super(text, undefined, code)
    this.address = address
    this.fatal = isFatalCode(code)
  }
}

/** nsqd answered an {@link Admin} with an error; `code` is nsqd's, such as `CHANNEL_NOT_FOUND`. */
export class AdminError extends NsqError {
  /** URL of the nsqd. */
  readonly address: string
  /** Of the HTTP answer. */
  readonly status: number

  /** @param text of the answer: JSON with a `message` */
  constructor(address: string, status: number, text: string) {
    const code = /"message":\s*"([A-Z_]+)"/.exec(text)?.[1] ?? 'ERR_NSQ_ADMIN'
    super(`${address}: ${status} ${text.slice(0, 200)}`, undefined, code)
    this.address = address
    this.status = status
  }
}

/** `ERR_NSQ_TIMEOUT`: no answer within the time given. Whether a publish was stored is not known. */
export class TimeoutError extends NsqError {
  protected static override readonly code = 'TIMEOUT'
}

/** `ERR_NSQ_CLOSED`: the producer or consumer is closed. */
export class ClosedError extends NsqError {
  protected static override readonly code = 'CLOSED'

  constructor(what: string) {
    super(`the ${what} is closed`)
  }
}

/** `ERR_NSQ_BUFFER_FULL`: as much as the options allow waits for an answer already. Nothing was sent. */
export class BufferFullError extends NsqError {
  protected static override readonly code = 'BUFFER_FULL'

  constructor(messages: number, bytes: number) {
    super(`${messages} messages of ${bytes} bytes wait for their answers already`)
  }
}

/** `ERR_NSQ_ENCODE`: the codec could not encode a body. */
export class EncodeError extends NsqError {
  protected static override readonly code = 'ENCODE'
}

/** `ERR_NSQ_DECODE`: the codec could not decode a message's body. */
export class DecodeError extends NsqError {
  protected static override readonly code = 'DECODE'
}

/** `ERR_NSQ_MESSAGE_LOST`: the message is not this consumer's any more; nsqd gives it to someone again. */
export class MessageLostError extends NsqError {
  protected static override readonly code = 'MESSAGE_LOST'
}

/** `ERR_NSQ_LOOKUP`: an nsqlookupd gave no usable answer. */
export class LookupError extends NsqError {
  protected static override readonly code = 'LOOKUP'

  constructor(url: string, message: string, options?: ErrorOptions) {
    super(`${url}: ${message}`, options)
  }
}

/** `ERR_NSQ_HANDLER`: a message handler threw; `cause` is what. Reported, and the message is requeued. */
export class HandlerError extends NsqError {
  protected static override readonly code = 'HANDLER'
}

/** `ERR_NSQ_UNSUPPORTED`: no server at hand takes what was asked for: headers, a time too far ahead, several messages for later at once. Nothing was stored. */
export class UnsupportedError extends NsqError {
  protected static override readonly code = 'UNSUPPORTED'
}

/** For this package: the text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
