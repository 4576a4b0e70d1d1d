/** All error codes of this package:
 *
 * - `QUEUE_EXISTS`: a queue of that name already has files in the directory; a writer never writes over them.
 * - `QUEUE_NAME_INVALID`: the name cannot be the beginning of a file name.
 * - `OPTION_INVALID`: an option is out of its bounds.
 * - `RECORD_SIZE_INVALID`: a record is smaller or larger than what is allowed. Nothing of that call was written.
 * - `IO_FAILED`: the file layer failed; its own error is the `cause`.
 * - `CLOSED`: called after close or discard.
 * - `BUSY`: called while another call on the same object had not returned.
 */
export type DiskQueueErrorCode =
  | 'QUEUE_EXISTS'
  | 'QUEUE_NAME_INVALID'
  | 'OPTION_INVALID'
  | 'RECORD_SIZE_INVALID'
  | 'IO_FAILED'
  | 'CLOSED'
  | 'BUSY'

/** What every function of this package throws: `code` for programs, the message for people, `cause` for the log. */
export class DiskQueueError extends Error {
  readonly code: DiskQueueErrorCode

  constructor(code: DiskQueueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DiskQueueError'
    this.code = code
  }

  /** `error` itself where it is one of ours, else IO_FAILED with it as the cause. */
  static from(error: unknown, doing: string): DiskQueueError {
    if (error instanceof DiskQueueError) return error
    const reason = error instanceof Error ? error.message : String(error)
    return new DiskQueueError('IO_FAILED', `failed to ${doing} - ${reason}`, { cause: error })
  }
}

/** The system's own code (`ENOSPC`, `ENOENT`, ...) of an error of the file layer, also through a DiskQueueError's cause. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof DiskQueueError) return systemCode(error.cause)
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The value of an option. @throws {DiskQueueError} OPTION_INVALID */
export function requireInteger(option: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new DiskQueueError('OPTION_INVALID', `${option} must be an integer in ${min}..${max}, not ${value}`)
}
