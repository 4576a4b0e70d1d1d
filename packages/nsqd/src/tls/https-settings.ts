import type { HttpServerSettings } from '@nsq-ts/daemon'
import type { ServerTls } from './server-tls.ts'

/** How the HTTPS listener is to be set up: the certificate and the policy for clients' certificates are those of TCP. */
export function httpsSettings(tls: ServerTls): Pick<HttpServerSettings, 'tls' | 'acceptTls'> {
  const { clientCertificate, material } = tls
  switch (clientCertificate) {
    case 'none':
      return { tls: { ...material } }
    case 'verified':
      return { tls: { ...material, requestCert: true, rejectUnauthorized: true } }
    case 'any':
      // node rejects what it cannot verify or nothing: here whoever shows none is turned away.
      return {
        tls: { ...material, requestCert: true, rejectUnauthorized: false },
        acceptTls: (socket) => socket.getPeerX509Certificate() !== undefined,
      }
  }
}
