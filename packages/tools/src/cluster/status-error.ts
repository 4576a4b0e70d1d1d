import { STATUS_CODES } from 'node:http'

/** An answer other than 200. */
export class StatusError extends Error {
  readonly status: number

  constructor(status: number, text: string) {
    super(`got response ${status} ${STATUS_CODES[status] ?? ''} ${JSON.stringify(text.slice(0, 200))}`)
    this.name = 'StatusError'
    this.status = status
  }
}
