/** The tool does not start, or can't go on: its message is one line on standard error, and the exit code is 1. */
export class Refusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Refusal'
  }
}

/** @throws {Refusal} with the text, unless the condition holds */
export function demand(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Refusal(text)
}
