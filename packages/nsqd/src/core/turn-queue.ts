import { Phase, type Turn, type TurnTask } from './turn.ts'

/**
 * The tasks of the turn that is going on. `request` is called when the first one comes in and has to arrange for
 * `run` to be called at the turn's end.
 */
export class TurnQueue implements Turn {
  readonly #request: () => void
  #requested = false
  readonly #phases: TurnTask[][] = [[], [], []]

  constructor(request: () => void) {
    this.#request = request
  }

  schedule(phase: Phase, task: TurnTask): void {
    this.#phases[phase]!.push(task)
    if (this.#requested) return
    this.#requested = true
    this.#request()
  }

  /**
   * Runs the tasks phase by phase. A task may schedule more: for a phase that is still ahead, or for the one that is
   * going on, it is done in this turn, else in the next, so that a turn always ends.
   */
  run(): void {
    this.#requested = false
    for (const phase of [Phase.distribute, Phase.dispatch, Phase.flush]) {
      const tasks = this.#phases[phase]!
      for (let i = 0; i < tasks.length; i++) tasks[i]!.endTurn()
      tasks.length = 0
    }
    if (this.#phases.some((tasks) => tasks.length > 0) && !this.#requested) {
      this.#requested = true
      this.#request()
    }
  }
}
