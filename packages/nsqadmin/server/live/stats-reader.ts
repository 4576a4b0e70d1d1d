import { valueEnd } from '../http/go-json.ts'
import { answerOf, objectOf } from '../upstream/read-fields.ts'
import type { Json } from '../upstream/read-fields.ts'

/** How every topic begins, in what nsqd (ours and the original) writes; text that comes from clients cannot look so, but escaped. */
const TOPIC_START = '{"topic_name":"'

/**
 * Reads the answer of /stats as it comes, a topic at a time, so that neither the text nor its objects are ever there as a whole: that of
 * a busy nsqd would be tens of megabytes every round, which live just long enough to make the heap grow. What is written otherwise, by
 * other versions or with spaces, is read as a whole.
 */
export class StatsReader {
  readonly #eachTopic: (topic: Json) => void
  /** Everything before the first topic; undefined: there was none yet. */
  #head: string | undefined
  /** What is not read yet; behind the head it begins with a topic. */
  #text = ''
  /** How much of #text was searched for the beginning of a topic. */
  #searched = 0

  constructor(eachTopic: (topic: Json) => void) {
    this.#eachTopic = eachTopic
  }

  /** @throws {SyntaxError} for what is no JSON; some topics may have been read by then */
  push(text: string): void {
    this.#text += text
    for (let start = this.#nextStart(); start !== -1; start = this.#nextStart()) {
      const before = this.#text.slice(0, start)
      if (this.#head !== undefined) this.#read(before.trimEnd().slice(0, -1)) // without its comma
      else if (before.endsWith('[')) this.#head = before
      else continue
      this.#text = this.#text.slice(start)
      this.#searched = 1
    }
  }

  /** @returns the rest of the answer, without its topics @throws {SyntaxError | JsonSyntaxError} */
  end(): Json {
    if (this.#head === undefined) return this.#readWhole()
    const end = valueEnd(this.#text, 0)
    this.#read(this.#text.slice(0, end))
    return answerOf(JSON.parse(this.#head + this.#text.slice(end)))
  }

  /** -1: not in what there is yet. */
  #nextStart(): number {
    const start = this.#text.indexOf(TOPIC_START, this.#searched)
    this.#searched = start === -1 ? Math.max(this.#searched, this.#text.length - TOPIC_START.length) : start + 1
    return start
  }

  #read(topic: string): void {
    this.#eachTopic(objectOf(JSON.parse(topic)))
  }

  #readWhole(): Json {
    const { topics, ...rest } = answerOf(JSON.parse(this.#text))
    if (Array.isArray(topics)) for (const topic of topics) this.#eachTopic(objectOf(topic))
    return rest
  }
}
