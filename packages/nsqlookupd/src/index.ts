/** nsqlookupd as a library: what the executable runs, for one's own process or tests. See README.md. */
export { Nsqlookupd } from './nsqlookupd.ts'
export type { NsqlookupdSettings } from './nsqlookupd.ts'
export { nsqlookupdTable } from './options.ts'
export type { NsqlookupdOptions } from './options.ts'
