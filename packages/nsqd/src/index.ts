/** nsqd as a library: what the executable runs, for one's own process or tests. See README.md. */
export { checkOptionsAfterTls, checkOptionsBeforeTls, checkTlsRequired } from './check-options.ts'
export { Nsqd } from './nsqd.ts'
export type { NsqdAddresses } from './nsqd.ts'
export { nsqdTable } from './options.ts'
export type { NsqdOptions } from './options.ts'
export type { TlsMinVersion, TlsRequired } from './options-tls.ts'
