// What goes wrong on an NSQ connection: the codes that nsqd and nsqlookupd put on the wire, and the errors for bytes that are
// no protocol at all. (NSQ spec, "Errors"; nsqd adds the codes below that the page does not list.)
import type { Buffer } from 'node:buffer'

/** Every error code of nsqd and nsqlookupd, with its meaning. */
export const ERROR_CODES = {
  E_INVALID: 'a command that is unknown, malformed, or not allowed in this state',
  E_BAD_PROTOCOL: 'the first four bytes of the connection name no known protocol',
  E_BAD_TOPIC: 'a topic name that breaks the grammar',
  E_BAD_CHANNEL: 'a channel name that breaks the grammar',
  E_BAD_MESSAGE: 'a message body that is empty, too large or incomplete',
  E_BAD_BODY: 'a command body that is empty, too large, incomplete or unreadable',
  E_BAD_HEADERS: 'headers of a message that are malformed, too many or too large (extension)',
  E_PUB_FAILED: 'the message could not be taken (PUB)',
  E_MPUB_FAILED: 'the messages could not be taken (MPUB)',
  E_DPUB_FAILED: 'the message could not be taken (DPUB)',
  E_SUB_FAILED: 'the channel takes no further subscriber, or is going away',
  E_FIN_FAILED: 'FIN of a message that is not in flight to this client',
  E_REQ_FAILED: 'REQ of a message that is not in flight to this client',
  E_TOUCH_FAILED: 'TOUCH of a message that is not in flight to this client',
  E_IDENTIFY_FAILED: 'what IDENTIFY negotiated could not be set up',
  E_AUTH_DISABLED: 'AUTH where no authorization is configured',
  E_AUTH_FAILED: 'the authorization server refused or did not answer',
  E_AUTH_FIRST: 'a command that needs AUTH before it',
  E_UNAUTHORIZED: 'authorized, but not for this topic, channel or action',
} as const satisfies Record<`E_${string}`, string>

/** One of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES

// Every other code closes the connection (nsqd: protocol_v2.go makes client errors of these three only).
const NON_FATAL: ReadonlySet<string> = new Set<ErrorCode>(['E_FIN_FAILED', 'E_REQ_FAILED', 'E_TOUCH_FAILED'])

/** True when nsqd closes the connection after an error of this code; also for codes that are not known here. */
export function isFatalCode(code: string): boolean {
  return !NON_FATAL.has(code)
}

/** The peer broke the protocol, or asked for what it cannot have: it is told `code` and `detail`, and maybe closed. */
export class ProtocolError extends Error {
  readonly code: ErrorCode
  /** What follows the code on the wire; a Buffer where the peer's own bytes are repeated and need not be UTF-8. */
  readonly detail: string | Buffer
  /** True: the connection closes once the error frame is written. */
  readonly fatal: boolean

  /** @param options `cause` is for the log; it never goes on the wire. */
  constructor(code: ErrorCode, detail: string | Buffer, options?: ErrorOptions) {
    super(detail.toString(), options)
    this.name = 'ProtocolError'
    this.code = code
    this.detail = detail
    this.fatal = isFatalCode(code)
  }
}

/** A frame header that no NSQ server sends: there is no way to find the next frame, so the connection is lost. */
export class FrameError extends Error {
  readonly code = 'ERR_NSQ_FRAME'
  /** The size field as read. */
  readonly size: number

  constructor(size: number, detail: string) {
    super(detail)
    this.name = 'FrameError'
    this.size = size
  }
}

/** A command line longer than the reader allows. nsqd closes such a connection without an error frame. */
export class LineTooLongError extends Error {
  readonly code = 'ERR_NSQ_LINE_TOO_LONG'

  /** @param lineSizeMax the limit in bytes, LF included */
  constructor(lineSizeMax: number) {
    super(`command line exceeds ${lineSizeMax} bytes`)
    this.name = 'LineTooLongError'
  }
}
