import { Phase, type Turn, type TurnTask } from './turn.ts'

const PHASES = [Phase.commit, Phase.distribute, Phase.dispatch, Phase.flush]

/**
 * The tasks of the turn that is going on. `request` is called when the first one comes in and has to arrange for
 * `run` to be called at the turn's end.
 */
export class TurnQueue implements Turn {
  readonly #request: () => void
  #requested = false
  readonly #phases: TurnTask[][] = [[], [], [], []]

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
   * Runs the tasks phase by phase. A task may schedule more: for a phase that is still ahead it is done in this turn,
   * else (also for the one that is going on) in the next, so that a turn always ends and others have theirs between.
   */
  run(): void {
    try {
      for (const phase of PHASES) this.#runPhase(this.#phases[phase]!)
    } finally {
      this.#requested = this.#phases.some((tasks) => tasks.length > 0)
      if (this.#requested) this.#request()
    }
  }

  #runPhase(tasks: TurnTask[]): void {
    const count = tasks.length
    let done = 0
    try {
      while (done < count) tasks[done++]!.endTurn()
    } finally {
      if (done === tasks.length) tasks.length = 0
      else tasks.splice(0, done)
    }
  }
}
