export { checkOptionsAfterTls, checkOptionsBeforeTls, checkTlsRequired } from './check-options.ts'
export { nsqdTable } from './options.ts'
export type { NsqdOptions } from './options.ts'
export type { TlsMinVersion, TlsRequired } from './options-tls.ts'
