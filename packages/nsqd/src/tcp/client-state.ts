/** The states of a client, as /stats shows them (1 and 2 are nsqd's own connections to nsqlookupd). */
export const State = { init: 0, subscribed: 3, closing: 4 } as const
export type State = (typeof State)[keyof typeof State]
