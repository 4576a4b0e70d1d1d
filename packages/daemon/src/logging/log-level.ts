/** The levels by name; the numbers are what `GET /config/log_level` shows. */
export const LOG_LEVEL = { debug: 1, info: 2, warn: 3, error: 4, fatal: 5 } as const

export type LogLevel = (typeof LOG_LEVEL)[keyof typeof LOG_LEVEL]

const WORDS: Readonly<Record<LogLevel, string>> = { 1: 'DEBUG', 2: 'INFO', 3: 'WARNING', 4: 'ERROR', 5: 'FATAL' }

/** @throws {Error} for anything but debug, info, warn, error and fatal; letter case does not matter. */
export function parseLogLevel(text: string): LogLevel {
  const word = text.toLowerCase()
  if (Object.hasOwn(LOG_LEVEL, word)) return LOG_LEVEL[word as keyof typeof LOG_LEVEL]
  throw new Error(`invalid log level '${text}' (debug, info, warn, error, fatal)`)
}

/** The word in a log line: `WARNING`. */
export function formatLogLevel(level: LogLevel): string {
  return WORDS[level]
}
