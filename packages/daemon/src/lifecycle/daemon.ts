/** What can be started, drained and closed. */
export interface Daemon {
  /** Opens everything, or throws and leaves nothing open. */
  start(): Promise<void>
  /** Stops accepting, finishes what runs, writes what has to be kept. Called once; may also follow a failed start. */
  close(): Promise<void>
  /** SIGHUP, after the log was reopened. */
  reload?(): void | Promise<void>
}

/** A reason not to start; its message is the whole FATAL text, `failed to instantiate nsqd - …`. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
  }
}
