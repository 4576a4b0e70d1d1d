import { expect, test } from 'vitest'
import { startAdmin } from './fixtures/admin.ts'

const LOOKUPD = { lookupdHttpAddresses: ['127.0.0.1:1'] }
const HERE = import.meta.filename

// In the original's order and words (nsqadmin.md, section 1).
test.each([
  [{}, '--nsqd-http-address or --lookupd-http-address required'],
  [
    { ...LOOKUPD, nsqdHttpAddresses: ['a:1'], httpClientTlsCert: 'x' },
    'use --nsqd-http-address or --lookupd-http-address not both',
  ],
  [{ ...LOOKUPD, httpClientTlsCert: 'x' }, '--http-client-tls-key must be specified with --http-client-tls-cert'],
  [{ ...LOOKUPD, httpClientTlsKey: 'x' }, '--http-client-tls-cert must be specified with --http-client-tls-key'],
  [
    { ...LOOKUPD, httpClientTlsCert: '/no/cert', httpClientTlsKey: '/no/key' },
    'failed to LoadX509KeyPair /no/cert, /no/key - ',
  ],
  [{ ...LOOKUPD, httpClientTlsRootCaFile: '/no/ca' }, 'failed to read TLS root CA file /no/ca - '],
  [{ ...LOOKUPD, httpClientTlsRootCaFile: HERE }, `failed to AppendCertsFromPEM ${HERE}`],
  [
    { lookupdHttpAddresses: ['nohost'] },
    'failed to resolve --lookupd-http-address (nohost) - address nohost: missing port in address',
  ],
  [{ nsqdHttpAddresses: ['a:b:c'] }, 'failed to resolve --nsqd-http-address (a:b:c) - '],
  [{ nsqdHttpAddresses: ['127.0.0.1:http'] }, 'failed to resolve --nsqd-http-address (127.0.0.1:http) - '],
  [{ ...LOOKUPD, proxyGraphite: true, graphiteUrl: '://' }, 'failed to parse --graphite-url (://) - '],
  [{ ...LOOKUPD, proxyGraphite: true }, '--proxy-graphite needs --graphite-url'],
  [
    { ...LOOKUPD, allowConfigFromCidr: '10.0.0.0/33' },
    'failed to parse --allow-config-from-cidr (10.0.0.0/33) - invalid CIDR address: 10.0.0.0/33',
  ],
  [{ ...LOOKUPD, authFile: '/no/users' }, 'failed to read --auth-file (/no/users) - '],
  [{ ...LOOKUPD, httpClientTokenFile: '/no/token' }, 'failed to read --http-client-token-file (/no/token) - '],
  [{ ...LOOKUPD, tailAuthSecretFile: '/no/secret' }, 'failed to read --tail-auth-secret-file (/no/secret) - '],
  [{ ...LOOKUPD, httpAddress: 'nowhere' }, 'listen (nowhere) failed - '],
])('%j is refused, and nothing is left open', async (options, cause) => {
  await expect(startAdmin(options)).rejects.toMatchObject({
    name: 'StartError',
    message: expect.stringContaining(`failed to instantiate nsqadmin - ${cause}`),
  })
})
