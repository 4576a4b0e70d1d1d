/**
 * A turn: everything that one pass of the event loop brought. What it made necessary is done once, at its end, in
 * this order, so that a thousand commands cost one dispatch and one write:
 *
 *   commit      topics write what was published to disk
 *   distribute  topics hand what was published to their channels
 *   dispatch    channels hand messages to their subscribers
 *   flush       connections write what they were given
 */
export const Phase = { commit: 0, distribute: 1, dispatch: 2, flush: 3 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** Something to do at the end of the turn. Whoever schedules a task remembers that he did: a task is queued once. */
export interface TurnTask {
  endTurn(): void
}

export interface Turn {
  schedule(phase: Phase, task: TurnTask): void
}
