import { Meter, noFlows } from './flows.ts'
import type { Flows } from './flows.ts'
import { Trend } from './trend.ts'

/** A topic, a channel, a node, or the cluster: its flows over all time, and what is read off them. */
export class Subject {
  readonly flows: Flows = noFlows()
  readonly trend = new Trend()
  /** For what is shown live. */
  readonly live: Meter
  /** For the history, whose points are farther apart. */
  readonly past: Meter

  constructor(at: number) {
    this.live = new Meter(at)
    this.past = new Meter(at)
  }
}

export class TopicSubject extends Subject {
  readonly channels = new Map<string, Subject>()

  channel(name: string, at: number): Subject {
    return found(this.channels, name, () => new Subject(at))
  }
}

/** Everything that was seen and is not forgotten yet. */
export class Subjects {
  readonly topics = new Map<string, TopicSubject>()
  readonly nodes = new Map<string, Subject>()
  readonly cluster: Subject

  constructor(at: number) {
    this.cluster = new Subject(at)
  }

  topic(name: string, at: number): TopicSubject {
    return found(this.topics, name, () => new TopicSubject(at))
  }

  node(name: string, at: number): Subject {
    return found(this.nodes, name, () => new Subject(at))
  }
}

function found<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
