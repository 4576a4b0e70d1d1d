/** What every executable of nsq-ts shares. See README.md. */
export { BUILD_VERSION, VERSION, versionLine } from './version.ts'

export { outOfBounds } from './options/bounds.ts'
export { commonRows } from './options/common-rows.ts'
export type { CommonRows } from './options/common-rows.ts'
export { formatDuration, parseDuration } from './options/duration.ts'
export { EarlyExit } from './options/early-exit.ts'
export { parseBool, parseFloat64, parseInteger } from './options/go-values.ts'
export {
  boolOption,
  durationOption,
  floatListOption,
  integerOption,
  listOption,
  logLevelOption,
  stringOption,
} from './options/kinds.ts'
export { optionsMarkdown } from './options/markdown.ts'
export { optionRow } from './options/option.ts'
export type { OptionKind, OptionRow, Options, OptionTable, RowDetails } from './options/option.ts'
export { resolveOptions } from './options/resolve.ts'
export type { ResolvedOptions, ResolveSettings } from './options/resolve.ts'
export { usage } from './options/usage.ts'
export { optionByKey } from './options/wire-value.ts'

export { openLogDestination } from './logging/log-file.ts'
export type { LogDestination } from './logging/log-file.ts'
export { formatLogLevel, LOG_LEVEL, parseLogLevel } from './logging/log-level.ts'
export type { LogLevel } from './logging/log-level.ts'
export { Logger, silentLogger } from './logging/logger.ts'
export type { LoggerSettings, LogText } from './logging/logger.ts'
export { wallClockMicroseconds, wallClockSeconds } from './logging/timestamp.ts'

export { StartError } from './lifecycle/daemon.ts'
export type { Daemon } from './lifecycle/daemon.ts'
export { delay } from './lifecycle/delay.ts'
export { endWithReader } from './lifecycle/reader-gone.ts'
export { runDaemon } from './lifecycle/run-daemon.ts'
export type { DaemonContext, DaemonProgram } from './lifecycle/run-daemon.ts'
export { TaskGroup } from './lifecycle/task-group.ts'
export type { TaskFailed } from './lifecycle/task-group.ts'

export { encodeJson } from './http/encode-json.ts'
export { HttpError } from './http/http-error.ts'
export { redirectReply } from './http/redirect.ts'
export { percentDecode } from './http/percent-decode.ts'
export { parseQuery } from './http/query.ts'
export type { Query } from './http/query.ts'
export { errorReply, JSON_TYPE, Reply, replyOf, TEXT } from './http/reply.ts'
export { HttpRequest } from './http/request.ts'
export { Router } from './http/router.ts'
export type { Match, Method, Route } from './http/router.ts'
export { HttpServer } from './http/server.ts'
export type { HttpServerSettings } from './http/server.ts'

export { metricsRoute } from './metrics/metrics-route.ts'
export { pprofRoutes, runtimeRoutes } from './debug/pprof-routes.ts'

export { formatHostPort, parseHostPort, parsePort } from './net/host-port.ts'
export type { HostPort } from './net/host-port.ts'
export { listen, ListenError } from './net/listen.ts'
export type { BoundAddress } from './net/listen.ts'
export { remoteAddress } from './net/remote-address.ts'
