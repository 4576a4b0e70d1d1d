// The server's side of TLS on a connection that has begun in the clear (tcp-protocol.md section 8.1).
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerTls } from '../tls/server-tls.ts'
import { cipherSuiteName, tlsVersionName } from '../tls/wire-names.ts'

const HANDSHAKE_TIMEOUT_MS = 5000
/** As the plain sockets'. */
const HIGH_WATER_MARK = 65536

/** A connection in TLS, and what /stats and auth servers are told of it. */
export interface SecuredSocket {
  readonly socket: TLSSocket
  /** `TLS1.3` */
  readonly version: string
  readonly cipherSuite: string
  /** Of the client's certificate; empty without one. */
  readonly commonName: string
}

/** Verification as OpenSSL left it; node offers it to servers of its own only. */
interface VerifyingHandle {
  verifyError(): Error | null
}

/**
 * Takes a socket over, on which the client is to begin its handshake now.
 * @param done with the secured socket; or with an error, while the raw socket can still be written to, but no longer than that
 * @returns gives up, without calling `done`
 */
export function secure(
  raw: Socket,
  tls: ServerTls,
  done: (error: Error | null, secured: SecuredSocket | null) => void,
): () => void {
  const { clientCertificate } = tls
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: tls.context,
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate !== 'none', // a client without a certificate is turned away in the handshake
    highWaterMark: HIGH_WATER_MARK,
  } as ConstructorParameters<typeof TLSSocket>[1])
  const timer = setTimeout(() => finish(new Error(`read tcp ${ends(raw)}: i/o timeout`)), HANDSHAKE_TIMEOUT_MS)
  const onError = (error: NodeJS.ErrnoException) => finish(new Error(handshakeFailure(error), { cause: error }))
  const onClose = () => finish(new Error('EOF'))
  const onSecure = () => finish(clientCertificate === 'verified' ? verificationFailure(socket) : null)
  socket.on('error', onError).on('close', onClose).on('secure', onSecure)

  function finish(error: Error | null): void {
    stop()
    if (error === null) done(null, securedSocket(socket))
    else done(error, null)
  }

  function stop(): void {
    clearTimeout(timer)
    socket.off('error', onError).off('close', onClose).off('secure', onSecure)
    socket.on('error', ignoreAfterTheEnd)
  }

  return () => {
    stop()
    socket.destroy()
  }
}

function securedSocket(socket: TLSSocket): SecuredSocket {
  const certificate: { subject?: { CN?: string | string[] } } | undefined = socket.getPeerCertificate()
  const names = certificate?.subject?.CN ?? ''
  return {
    socket,
    version: tlsVersionName(socket.getProtocol() ?? ''),
    cipherSuite: cipherSuiteName(socket.getCipher().standardName),
    commonName: typeof names === 'string' ? names : (names[0] ?? ''),
  }
}

function verificationFailure(socket: TLSSocket): Error | null {
  const handle = (socket as unknown as { readonly _handle: VerifyingHandle | null })._handle
  const error = handle === null ? new Error('the connection is closed') : handle.verifyError()
  return error === null || error === undefined
    ? null
    : new Error(`tls: failed to verify certificate: ${error.message}`, { cause: error })
}

/** OpenSSL's reasons for what does not begin as TLS does. */
const NO_HANDSHAKE: ReadonlySet<string | undefined> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_BAD_RECORD_TYPE',
  'ERR_SSL_UNEXPECTED_MESSAGE',
])

function handshakeFailure(error: NodeJS.ErrnoException & { readonly reason?: string }): string {
  if (NO_HANDSHAKE.has(error.code)) return 'tls: first record does not look like a TLS handshake'
  if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return "tls: client didn't provide a certificate"
  return error.reason === undefined ? error.message : `tls: ${error.reason}`
}

function ends(socket: Socket): string {
  return `${socket.localAddress}:${socket.localPort}->${socket.remoteAddress}:${socket.remotePort}`
}

function ignoreAfterTheEnd(): void {
  // Whoever could act on it has been told of the end, or listens himself.
}
