// Which of several destinations gets the next message (tools.md, section 8). Destinations are numbers from 0 on, in the order of
// the command line.

export interface Chooser {
  /**
   * @param hasRoom whether a destination takes one more now; at least one does
   * @returns the number of the destination, one that has room
   */
  choose(hasRoom: (index: number) => boolean): number
  /** How it went. */
  onResult(index: number, isOk: boolean, durationMs: number): void
  /** True when another destination than this one can be expected to work. */
  hasAlternative(index: number): boolean
}

export const MODES = ['round-robin', 'hostpool', 'epsilon-greedy', 'all', 'multicast'] as const

/** `all` and `multicast` are the same: every destination gets every message, so there is nothing to choose. */
export type Mode = (typeof MODES)[number]

export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text)
}
