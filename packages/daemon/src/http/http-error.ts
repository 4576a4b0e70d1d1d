/** An answer `{"message":"CODE"}` with its status; thrown by handlers. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, options?: ErrorOptions) {
    super(`${status} ${code}`, options)
    this.name = 'HttpError'
    this.status = status
    this.code = code
  }
}
