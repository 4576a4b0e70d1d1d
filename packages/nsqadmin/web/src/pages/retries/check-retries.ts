// What nsqd takes as a retry policy, so that a slip shows while it is typed. nsqd has the last word.
import type { RetriesBody } from '../../../../server/api-types.ts'

/** A policy as it is typed. */
export type Fields = Required<RetriesBody>

const ATTEMPTS_MAX = 10_000
const NAME = /^[.a-zA-Z0-9_-]{1,64}$/
/** `1s`, `1m30s`, `1.5h`; Go's. */
const DURATION = /^(?:0|(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/

/** What is wrong with each; empty ones go back to nsqd's options, and are fine. */
export function retriesErrors(fields: Fields, topic: string): Record<keyof Fields, string | undefined> {
  const { max_attempts, dead_letter_topic, backoff, jitter } = fields
  return {
    max_attempts: wholeNumberError(max_attempts, ATTEMPTS_MAX),
    dead_letter_topic: topicError(dead_letter_topic.trim(), topic),
    backoff: backoffError(backoff),
    jitter: wholeNumberError(jitter, 100),
  }
}

function wholeNumberError(text: string, max: number): string | undefined {
  if (text.trim() === '') return undefined
  return /^\d+$/.test(text.trim()) && Number(text) <= max ? undefined : `A whole number from 0 to ${max}.`
}

function topicError(name: string, topic: string): string | undefined {
  if (name === '') return undefined
  if (name === topic) return 'Not the topic itself.'
  return NAME.test(name) ? undefined : 'Letters, digits, dot, dash, underscore; at most 64, and not ephemeral.'
}

function backoffError(text: string): string | undefined {
  if (text.trim() === '') return undefined
  const fine = text.split(',').every((step) => DURATION.test(step.trim()))
  return fine ? undefined : 'Durations with commas between them: 1s,10s,1m.'
}
