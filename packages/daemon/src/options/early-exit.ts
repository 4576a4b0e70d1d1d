/**
 * The program has to leave before it starts: `--help`, `--version`, a usage error, an unreadable config file. Whoever runs the
 * program writes the texts and exits with the code; `runDaemon` does.
 */
export class EarlyExit extends Error {
  readonly exitCode: number
  /** Whole lines for standard output, empty if none. */
  readonly stdout: string
  /** Whole lines for standard error, empty if none. */
  readonly stderr: string

  constructor(exitCode: number, texts: { stdout?: string; stderr?: string }, options?: ErrorOptions) {
    super(`leaving with code ${exitCode}: ${texts.stderr ?? texts.stdout ?? ''}`, options)
    this.name = 'EarlyExit'
    this.exitCode = exitCode
    this.stdout = texts.stdout ?? ''
    this.stderr = texts.stderr ?? ''
  }
}
