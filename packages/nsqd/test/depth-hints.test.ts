// Depth hints over TCP (docs/protocol-extensions.md).
import { fin, rdy, sub } from '@nsq-ts/protocol'
import { expect, test } from 'vitest'
import { startNsqd } from './support/start-nsqd.ts'

test('who asked is told how much waits; everybody else gets the bytes of ever', async () => {
  await using d = await startNsqd()
  for (let i = 0; i < 3; i++) await d.post('/pub?topic=t', String(i))
  using asks = d.connect()
  using plain = d.connect()
  const answer = JSON.parse(await asks.identify({ feature_negotiation: true, depth_hint: true })) as object
  const told = JSON.parse(await plain.identify({ feature_negotiation: true })) as object
  expect(answer).toEqual({ ...told, depth_hint: true })
  expect(await asks.command(sub('t', 'c'))).toBe('OK')
  expect(await asks.hint()).toBe(3)
  await plain.command(sub('t', 'c'))
  plain.send(rdy(1))
  const { id } = await plain.message()
  plain.send(fin(id))
  await plain.bodies(1)
  expect(await asks.hint()).toBe(1)
  asks.send(rdy(1))
  await asks.message()
  expect(await asks.hint()).toBe(0)
  expect(await plain.command('NOP\nRDY x\n')).toMatch(/^E_INVALID /) // the next frame that it gets is this one
})

test('a hint is no command of a heartbeat: it may come while nothing is ready, and nothing is owed for it', async () => {
  await using d = await startNsqd()
  using asks = d.connect()
  await asks.identify({ feature_negotiation: true, depth_hint: true })
  await asks.command(sub('t', 'c'))
  expect(await asks.hint()).toBe(0)
  await d.post('/pub?topic=t', 'x')
  expect(await asks.hint()).toBe(1)
  asks.send(rdy(1))
  expect((await asks.message()).body.toString()).toBe('x')
})
