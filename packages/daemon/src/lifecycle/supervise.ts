import { EarlyExit } from '../options/early-exit.ts'
import { StartError } from './daemon.ts'
import type { Daemon } from './daemon.ts'
import type { Logger } from '../logging/logger.ts'

export interface Supervision {
  readonly name: string
  readonly logger: Logger
  /** For failures of the start. */
  readonly startLogger: Logger
  create(fail: (error: Error) => void, leave: (exitCode: number) => void): Daemon | Promise<Daemon>
}

// `npm start` and some supervisors pass on a signal that the terminal has already sent to the whole process group, so one Ctrl-C
// arrives twice within milliseconds. That is no wish to lose messages.
const REPEATED_SIGNAL_MS = 1000
const FAILED_CLOSE_MAX_MS = 10_000

/**
 * Starts the daemon and lives with the process's signals from then on; ends the process.
 * @throws {EarlyExit} of `create`
 */
export async function superviseDaemon(supervision: Supervision): Promise<void> {
  const { name, logger, startLogger } = supervision
  let daemon: Daemon | undefined
  let starting: Promise<void> | undefined
  let firstStopAt: number | undefined

  /** Closes and leaves; further calls while it runs change nothing. */
  const stop = async (exitCode: number, failed = false) => {
    firstStopAt = performance.now()
    // A daemon that never gets to the end of its close must not survive its own failure.
    if (failed) setTimeout(() => process.exit(exitCode), FAILED_CLOSE_MAX_MS).unref()
    try {
      await starting?.catch(() => undefined) // close undoes a whole start; a failure of it is logged where it is awaited
      await daemon?.close()
    } catch (error) {
      logger.fatal(`failed to stop cleanly - ${describe(error)}`)
      exitCode = 1
    }
    logger.close()
    process.exit(exitCode)
  }
  const fail = (error: unknown) => {
    logger.fatal(describe(error))
    if (firstStopAt === undefined) void stop(1, true)
  }
  const leave = (exitCode: number) => {
    if (firstStopAt === undefined) void stop(exitCode)
  }
  const onStopSignal = (signal: NodeJS.Signals) => {
    if (firstStopAt === undefined) {
      logger.info(`${name}: ${signal} received, stopping`)
      void stop(0)
    } else if (performance.now() - firstStopAt > REPEATED_SIGNAL_MS) {
      logger.warn(`${name}: second ${signal}, leaving at once`)
      process.exit(1)
    }
  }

  process.on('SIGINT', onStopSignal)
  process.on('SIGTERM', onStopSignal)
  process.on('SIGHUP', () => void reload(daemon, logger))
  process.on('SIGUSR1', ignore) // node would start its debugger
  process.on('SIGUSR2', ignore) // the default would end the process
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  try {
    daemon = await supervision.create(fail, leave)
    starting = daemon.start()
    await starting
  } catch (error) {
    if (error instanceof EarlyExit) throw error // from create: nothing was opened yet
    if (firstStopAt !== undefined) return // a signal came first, and its stop is under way
    startLogger.fatal(error instanceof StartError ? error.message : `failed to start ${name} - ${describe(error)}`)
    starting = undefined
    await stop(1, true)
  }
}

async function reload(daemon: Daemon | undefined, logger: Logger): Promise<void> {
  try {
    logger.reopen()
    logger.info('SIGHUP received, log reopened')
    await daemon?.reload?.()
  } catch (error) {
    logger.error(`reload failed - ${describe(error)}`)
  }
}

/** With the stack and the causes: what is logged here is a defect or a failed system, and this is all that is left of it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (caused by: ${describe(error.cause)})`
  return `${error.stack ?? error.message}${cause}`
}

function ignore(): void {}
