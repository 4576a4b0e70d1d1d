import { expect, test } from 'vitest'
import { dedupe, Message } from '@nsq-ts/client'
import { encodeMessage, MESSAGE_HEADER_SIZE } from '@nsq-ts/protocol'

let lastId = 0
const owner = { address: 'a:1', finishMessage() {}, requeueMessage() {}, touchMessage() {}, timeLeftMs: () => 1 }

function message(body: string): Message {
  const id = (++lastId).toString(16).padStart(16, '0')
  const data = encodeMessage({ id, timestampNs: 0n, attempts: 1, body: Buffer.from(body) })
  return new Message(data, 0, owner, undefined, MESSAGE_HEADER_SIZE)
}

const key = (each: Message): string => each.raw.toString()

test('a second copy is dropped, and told of', async () => {
  const handled: string[] = []
  const dropped: string[] = []
  const handle = dedupe(
    { key, onDuplicate: (each) => void dropped.push(key(each)) },
    (each) => void handled.push(key(each)),
  )
  for (const body of ['a', 'b', 'a']) await handle(message(body))
  expect([handled, dropped]).toEqual([['a', 'b'], ['a']])
})

test('a copy that comes meanwhile waits, and is handled when the first fails or is requeued', async () => {
  let fail: (error: Error) => void = () => {}
  let calls = 0
  const handle = dedupe({ key }, (each: Message) => {
    calls++
    if (calls === 1) return new Promise((_resolve, reject) => (fail = reject))
    if (calls === 2) each.requeue()
    return undefined
  })
  const first = handle(message('a'))
  const second = handle(message('a'))
  expect(calls).toBe(1)
  fail(new Error('first'))
  await expect(first).rejects.toThrow('first')
  await second
  expect(calls).toBe(2)
  await handle(message('a')) // the second had requeued
  await handle(message('a'))
  expect(calls).toBe(3)
})

test('keys are forgotten by age and by number', async () => {
  let now = 0
  let calls = 0
  const handle = dedupe({ key, size: 2, ttl: '1s', now: () => now }, () => void calls++)
  for (const body of ['a', 'b', 'c', 'a']) await handle(message(body))
  expect(calls).toBe(4) // a was the oldest of three
  await handle(message('a'))
  expect(calls).toBe(4)
  now = 1001
  await handle(message('a'))
  expect(calls).toBe(5)
})
