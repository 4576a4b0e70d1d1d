/** nsqadmin as a library: what the executable runs, for one's own process or tests. See README.md. */
export type * from './api-types.ts'
export { Nsqadmin } from './nsqadmin.ts'
export { nsqadminTable } from './options.ts'
export type { NsqadminOptions } from './options.ts'
