import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import * as protocol from '@nsq-ts/protocol'

const body = Buffer.from('ab')

test.each<[string, Buffer, string]>([
  ['magic', protocol.MAGIC_V2, '  V2'],
  ['magic of nsqlookupd', protocol.MAGIC_V1, '  V1'],
  ['IDENTIFY', protocol.identify({ a: 1 }), 'IDENTIFY\n\0\0\0\x07{"a":1}'],
  ['IDENTIFY from text', protocol.identify('{}'), 'IDENTIFY\n\0\0\0\x02{}'],
  ['AUTH', protocol.auth('s€'), 'AUTH\n\0\0\0\x04s\xe2\x82\xac'],
  ['SUB', protocol.sub('t', 'c'), 'SUB t c\n'],
  ['PUB', protocol.pub('t', body), 'PUB t\n\0\0\0\x02ab'],
  ['PUB of nothing, which still has its size', protocol.pub('t', Buffer.alloc(0)), 'PUB t\n\0\0\0\0'],
  ['DPUB', protocol.dpub('t', 1500, body), 'DPUB t 1500\n\0\0\0\x02ab'],
  ['MPUB', protocol.mpub('t', [body, Buffer.from('c')]), 'MPUB t\n\0\0\0\x0f\0\0\0\x02\0\0\0\x02ab\0\0\0\x01c'],
  ['RDY', protocol.rdy(3), 'RDY 3\n'],
  ['FIN', protocol.fin('0123456789abcdef'), 'FIN 0123456789abcdef\n'],
  ['REQ', protocol.req('0123456789abcdef', 9), 'REQ 0123456789abcdef 9\n'],
  ['TOUCH', protocol.touch('0123456789abcdef'), 'TOUCH 0123456789abcdef\n'],
  ['CLS', protocol.CLS, 'CLS\n'],
  ['NOP', protocol.NOP, 'NOP\n'],
  ['REGISTER', protocol.register('t'), 'REGISTER t\n'],
  ['REGISTER of a channel', protocol.register('t', 'c'), 'REGISTER t c\n'],
  ['UNREGISTER', protocol.unregister('t'), 'UNREGISTER t\n'],
  ['UNREGISTER of a channel', protocol.unregister('t', 'c'), 'UNREGISTER t c\n'],
  ['PING', protocol.PING, 'PING\n'],
])('%s', (_name, bytes, text) => {
  expect(bytes.toString('latin1')).toBe(text)
})

test('an MPUB has exactly its size, and says it', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(bodies, fc.stringMatching(/^[a-z]{1,64}$/), (bodies, topic) => {
      const parts = bodies.flatMap((body) => [int32(body.length), Buffer.from(body)])
      const content = Buffer.concat([int32(bodies.length), ...parts])
      const whole = Buffer.concat([Buffer.from(`MPUB ${topic}\n`), int32(content.length), content])
      expect(protocol.mpub(topic, bodies).equals(whole)).toBe(true)
    }),
  )
})

test('FIN is written in place', () => {
  const target = Buffer.alloc(protocol.FIN_SIZE + 2, '.')
  expect(protocol.writeFin(target, 1, '0123456789abcdef')).toBe(1 + protocol.FIN_SIZE)
  expect(target.toString('latin1')).toBe('.FIN 0123456789abcdef\n.')
})

test.each(Object.keys(protocol.ERROR_CODES) as protocol.ErrorCode[])('%s says whether it is fatal', (code) => {
  const error = new protocol.ProtocolError(code, 'why', { cause: 1 })
  const survivable = ['E_FIN_FAILED', 'E_REQ_FAILED', 'E_TOUCH_FAILED'].includes(code)
  expect(error).toMatchObject({ code, message: 'why', detail: 'why', cause: 1, fatal: !survivable })
})

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
