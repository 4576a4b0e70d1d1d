import { ProtocolError } from '@nsq-ts/protocol'
import type { ClientSettings } from './client-v2.ts'
import type { IdentifyRequest } from './identify.ts'
import type { TcpContext, TcpOptions } from './tcp-context.ts'
import type { Transport } from './transport.ts'
import type { Grant } from './upgrade.ts'

const HEARTBEAT_INTERVAL_MIN_MS = 1000
const OUTPUT_BUFFER_SIZE_MIN = 64
const MSG_TIMEOUT_MIN_MS = 1000
const SAMPLE_RATE_MAX = 99
const DEFLATE_LEVEL_DEFAULT = 6

/**
 * Applies what a client asked for to its settings, within our limits (tcp-protocol.md section 6.2). 0 keeps what was
 * set before, -1 switches off where that is possible.
 * @returns the heartbeat interval in milliseconds, 0 for none.
 * @throws {ProtocolError} E_BAD_BODY for a value out of range.
 */
export function settle(
  request: IdentifyRequest,
  options: TcpOptions,
  settings: ClientSettings,
  heartbeatIntervalMs: number,
): number {
  settings.clientId = request.clientId
  settings.hostname = request.hostname
  settings.userAgent = request.userAgent
  settings.topologyRegion = request.topologyRegion
  settings.topologyZone = request.topologyZone
  // Whoever is answered a mere OK can't know that it got them.
  settings.messageHeaders = request.featureNegotiation && request.messageHeaders
  settings.depthHint = request.featureNegotiation && request.depthHint
  const heartbeatMs = settleHeartbeat(request.heartbeatInterval ?? 0, options, heartbeatIntervalMs)
  settleOutputBuffer(request, options, settings)
  settleSampleRate(request.sampleRate ?? 0, settings)
  settleMsgTimeout(request.msgTimeout ?? 0, options, settings)
  return heartbeatMs
}

function settleHeartbeat(asked: number, options: TcpOptions, current: number): number {
  if (asked === 0) return current
  if (asked === -1) return 0
  if (asked < HEARTBEAT_INTERVAL_MIN_MS || asked > options.maxHeartbeatIntervalMs) {
    throw new ProtocolError('E_BAD_BODY', `IDENTIFY heartbeat interval (${asked}) is invalid`)
  }
  return asked
}

function settleOutputBuffer(request: IdentifyRequest, options: TcpOptions, settings: ClientSettings): void {
  const timeout = request.outputBufferTimeout ?? 0
  if (timeout === -1) {
    settings.outputBufferTimeoutMs = 0
  } else if (timeout !== 0) {
    if (timeout < options.minOutputBufferTimeoutMs || timeout > options.maxOutputBufferTimeoutMs) {
      throw new ProtocolError('E_BAD_BODY', `IDENTIFY output buffer timeout (${timeout}) is invalid`)
    }
    settings.outputBufferTimeoutMs = timeout
  }
  const size = request.outputBufferSize ?? 0
  if (size === -1) {
    settings.outputBufferSize = 1
    settings.outputBufferTimeoutMs = 0
  } else if (size !== 0) {
    if (size < OUTPUT_BUFFER_SIZE_MIN || size > options.maxOutputBufferSize) {
      throw new ProtocolError('E_BAD_BODY', `IDENTIFY output buffer size (${size}) is invalid`)
    }
    settings.outputBufferSize = size
  }
}

function settleSampleRate(asked: number, settings: ClientSettings): void {
  if (asked < 0 || asked > SAMPLE_RATE_MAX) {
    throw new ProtocolError('E_BAD_BODY', `IDENTIFY sample rate (${asked}) is invalid`)
  }
  settings.sampleRate = asked
}

function settleMsgTimeout(asked: number, options: TcpOptions, settings: ClientSettings): void {
  if (asked === 0) return
  if (asked < MSG_TIMEOUT_MIN_MS || asked > options.maxMsgTimeoutMs) {
    throw new ProtocolError('E_BAD_BODY', `IDENTIFY msg timeout (${asked}) is invalid`)
  }
  settings.msgTimeoutMs = asked
}

/**
 * What of TLS and compression a client gets.
 * @throws {ProtocolError} E_IDENTIFY_FAILED when it would get both compressions, or anything on top of what it has
 */
export function grant(request: IdentifyRequest, context: TcpContext, transport: Transport): Grant {
  const { options } = context
  const deflate = request.deflate && options.deflate
  const snappy = request.snappy && options.snappy
  if (deflate && snappy) {
    throw new ProtocolError('E_IDENTIFY_FAILED', 'cannot enable both deflate and snappy compression')
  }
  const asked = request.deflateLevel ?? 0
  const level = Math.min(asked > 0 ? asked : DEFLATE_LEVEL_DEFAULT, options.maxDeflateLevel)
  const tls = request.tlsV1 && context.tls !== undefined
  if ((tls || deflate || snappy) && transport.upgraded) {
    throw new ProtocolError('E_IDENTIFY_FAILED', 'cannot upgrade a connection twice')
  }
  return { tls, snappy, deflateLevel: deflate ? level : 0 }
}

/**
 * The answer to an IDENTIFY with feature negotiation: JSON, its keys in the original's order, and behind them what was asked for
 * of the extensions.
 */
export function identifyResponse(context: TcpContext, settings: ClientSettings, granted: Grant): string {
  const { options, version } = context
  return JSON.stringify({
    max_rdy_count: options.maxRdyCount,
    version,
    max_msg_timeout: options.maxMsgTimeoutMs,
    msg_timeout: settings.msgTimeoutMs,
    tls_v1: granted.tls,
    deflate: granted.deflateLevel > 0,
    deflate_level: granted.deflateLevel || Math.min(DEFLATE_LEVEL_DEFAULT, options.maxDeflateLevel),
    max_deflate_level: options.maxDeflateLevel,
    snappy: granted.snappy,
    sample_rate: settings.sampleRate,
    auth_required: context.authServers !== undefined,
    output_buffer_size: settings.outputBufferSize,
    output_buffer_timeout: settings.outputBufferTimeoutMs,
    topology_region: options.topologyRegion,
    topology_zone: options.topologyZone,
    ...(settings.messageHeaders && {
      message_headers: true,
      max_header_bytes: options.maxHeaderBytes,
      max_req_timeout: options.maxReqTimeoutMs,
      max_defer: context.maxDeferMs(),
    }),
    ...(settings.depthHint && { depth_hint: true }),
  })
}
