/** Channels of tails begin so. They do not count when it is asked whether a topic has a channel, and have no history. */
export const TAIL_CHANNEL_PREFIX = 'nsqadmin-tail-'
