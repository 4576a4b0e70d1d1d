/** What the scenario needs of a client library, whatever it is called there. */
export interface Library {
  readonly name: string
  connectPublisher(port: number): Promise<Publisher>
  /** Resolves once it is subscribed. */
  connectConsumer(settings: ConsumerSettings): Promise<Consumer>
}

export interface Publisher {
  /** Resolves when nsqd has taken the message, or all of them. */
  publish(topic: string, body: string | string[]): Promise<void>
  publishDeferred(topic: string, body: string, delayMs: number): Promise<void>
  close(): Promise<void>
}

export interface ConsumerSettings {
  readonly port: number
  readonly topic: string
  readonly channel: string
  readonly ready: number
  /** At least 1000. */
  readonly msgTimeoutMs: number
  readonly onMessage: (delivery: Delivery) => void
}

export interface Delivery {
  /** The body, which is a decimal number. */
  readonly index: number
  readonly attempts: number
  finish(): void
  requeue(delayMs: number): void
}

/** Closed at the end of its scope. */
export interface Consumer extends AsyncDisposable {
  /** Codes of the errors that nsqd answered. */
  readonly errorCodes: ReadonlySet<string>
  /** Its socket is destroyed under it, without a word; it does not come back. */
  die(): void
}
