import { expect, test } from 'vitest'
import { TurnQueue } from '../../src/core/turn-queue.ts'
import { Phase, type TurnTask } from '../../src/core/turn.ts'

function task(endTurn: () => void): TurnTask {
  return { endTurn }
}

class Turns {
  requests = 0
  readonly done: string[] = []
  readonly queue = new TurnQueue(() => this.requests++)

  says(word: string): TurnTask {
    return task(() => this.done.push(word))
  }
}

test('phases are run in their order, tasks of one in theirs, and one turn is asked for', () => {
  const turns = new Turns()
  turns.queue.schedule(Phase.flush, turns.says('flush'))
  turns.queue.schedule(Phase.distribute, turns.says('distribute'))
  turns.queue.schedule(Phase.distribute, turns.says('distribute too'))
  turns.queue.schedule(Phase.dispatch, turns.says('dispatch'))
  expect(turns.requests).toBe(1)
  turns.queue.run()
  expect(turns.done).toEqual(['distribute', 'distribute too', 'dispatch', 'flush'])
  turns.queue.run()
  expect(turns.done.length).toBe(4)
})

test('what is scheduled for a later phase is done in the same turn, and no other is asked for', () => {
  const turns = new Turns()
  turns.queue.schedule(
    Phase.distribute,
    task(() => turns.queue.schedule(Phase.dispatch, turns.says('dispatch'))),
  )
  turns.queue.run()
  expect(turns.done).toEqual(['dispatch'])
  expect(turns.requests).toBe(1)
})

test('a task that goes on for ever lets the others have their turn', () => {
  const turns = new Turns()
  const endless = task(() => {
    turns.done.push('endless')
    turns.queue.schedule(Phase.dispatch, endless)
  })
  turns.queue.schedule(Phase.dispatch, endless)
  turns.queue.schedule(Phase.flush, turns.says('flush'))
  turns.queue.run()
  expect(turns.done).toEqual(['endless', 'flush'])
  expect(turns.requests).toBe(2)
  turns.queue.run()
  expect(turns.done).toEqual(['endless', 'flush', 'endless'])
})

test('a task that throws is not run again, and the others are in the next turn', () => {
  const turns = new Turns()
  turns.queue.schedule(Phase.dispatch, turns.says('before'))
  turns.queue.schedule(
    Phase.dispatch,
    task(() => {
      throw new TypeError('broken')
    }),
  )
  turns.queue.schedule(Phase.dispatch, turns.says('after'))
  turns.queue.schedule(Phase.flush, turns.says('flush'))
  expect(() => turns.queue.run()).toThrow(TypeError)
  expect(turns.requests).toBe(2)
  turns.queue.run()
  expect(turns.done).toEqual(['before', 'after', 'flush'])
})
