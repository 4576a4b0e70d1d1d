import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeMessageRecord } from '@nsq-ts/diskqueue'
import { expect, test } from 'vitest'
import { ImportedFrame } from '../../src/storage/imported-frame.ts'
import { nodeFiles } from '../../src/storage/node-files.ts'
import { TopicFolder } from '../../src/storage/topic-folder.ts'
import { TemporaryFolder } from './support/original-data-path.ts'

const PAGE = new URL('../../../../docs/log-format.md', import.meta.url)

/** As `xxd` prints it: offset, eight groups of two bytes, text. */
function hexDump(bytes: Buffer): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16)
    const groups = row.toString('hex').replaceAll(/.{4}/g, '$& ').trim()
    const text = row.toString('latin1').replaceAll(/[^ -~]/g, '.')
    lines.push(`${at.toString(16).padStart(8, '0')}: ${groups.padEnd(39)}  ${text}`)
  }
  return lines.join('\n')
}

/** The topic `greetings` with a channel `c`: `hello` was delivered to it once, `world` waits in it. */
function writeExample(directory: string): void {
  const folder = new TopicFolder({ files: nodeFiles, maxBytesPerFile: 1e8, damaged() {} }, directory)
  const channel = folder.addChannel('c')
  const frame = new ImportedFrame()
  for (const [index, body] of ['hello', 'world'].entries()) {
    const id = `18a288eeba66900${index}`
    const timestampNs = 1_795_000_000_000_000_000n
    frame.set(encodeMessageRecord({ timestampNs, attempts: 1 - index, id, body: Buffer.from(body) }))
    folder.addToChannel(channel, frame.bytes, frame.end, frame.idHi, frame.idLo, frame.attempts)
  }
  folder.finish(false)
  folder.close()
}

test('the example files of docs/log-format.md are what is written', () => {
  using folder = new TemporaryFolder()
  const directory = join(folder.path, 'greetings.topic')
  writeExample(directory)
  const written = readdirSync(directory)
    .sort()
    .map((name) => `\`\`\`hexdump ${name}\n${hexDump(readFileSync(join(directory, name)))}\n\`\`\``)
  const page = readFileSync(PAGE, 'utf8')
  expect(page.match(/```hexdump [^]*?\n```/g)).toEqual(written)
})
