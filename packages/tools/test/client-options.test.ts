import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NsqdProcess } from '../../../test/support/nsqd-process.ts'
import { tcp } from './support/cluster.ts'
import { runToEnd } from './support/tool-process.ts'

// --consumer-opt and --producer-opt at an nsqd that asks for TLS.

let folder: string
let nsqd: NsqdProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsq-tools-tls-'))
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  await Promise.all([writeFile(join(folder, 'cert.pem'), cert), writeFile(join(folder, 'key.pem'), key)])
  nsqd = await NsqdProcess.start([
    `--tls-cert=${join(folder, 'cert.pem')}`,
    `--tls-key=${join(folder, 'key.pem')}`,
    '--tls-required=true',
    '--tls-min-version=tls1.2',
    '--https-address=127.0.0.1:0',
  ])
})
afterAll(async () => {
  await nsqd[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('TLS with an authority of its own, and compression, for publishing and consuming', async () => {
  const options = ['tls_v1', `tls-root-ca-file,${join(folder, 'cert.pem')}`, 'deflate', 'deflate_level,1']
  const source = [`--nsqd-tcp-address=${tcp(nsqd)}`, '--topic=t']
  const published = await runToEnd('to_nsq', [...source, ...options.map((option) => `--producer-opt=${option}`)], {
    input: 'secret\n',
  })
  expect(published.code).toBe(0)
  const shown = await runToEnd('nsq_tail', [
    ...source,
    ...options.map((option) => `--consumer-opt=${option}`),
    '--channel=ch',
    '-n',
    '1',
  ])
  expect({ code: shown.code, lines: shown.lines }).toEqual({ code: 0, lines: ['secret'] })
})

test('without TLS, or with an authority that nobody knows, it is refused and said why', async () => {
  const source = [`--nsqd-tcp-address=${tcp(nsqd)}`, '--topic=t']
  const plain = await runToEnd('to_nsq', source, { input: 'x\n' })
  expect({ code: plain.code, words: plain.lastWords }).toEqual({ code: 1, words: expect.stringContaining('TLS') })
  const unknown = await runToEnd('nsq_tail', [...source, '--consumer-opt=tls_v1'])
  expect({ code: unknown.code, words: unknown.lastWords }).toEqual({
    code: 1,
    words: expect.stringMatching(/self.signed/),
  })
  const insecure = await runToEnd(
    'to_nsq',
    [...source, '--producer-opt=tls_v1', '--producer-opt=tls_insecure_skip_verify'],
    { input: 'x\n' },
  )
  expect(insecure.code).toBe(0)
})
