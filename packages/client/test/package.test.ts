// What an application gets: its size, and that the package's doors lead somewhere.
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { expect, test } from 'vitest'

const HOME = new URL('../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', HOME), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  files: string[]
  dependencies: Record<string, string>
}

test('the core is below 40 kB minified, the protocol included, and loads snappy only when asked', async () => {
  const result = await build({
    input: fileURLToPath(new URL('dist/index.js', HOME)),
    external: [...builtinModules, ...builtinModules.map((name) => `node:${name}`), 'snappy', '@node-rs/crc32'],
    platform: 'node',
    output: { minify: true },
    write: false,
    logLevel: 'silent',
  })
  const chunk = result.output[0]
  expect(Buffer.byteLength(chunk.code)).toBeLessThan(40_000)
  expect(chunk.imports.filter((name) => !name.startsWith('node:'))).toEqual([])
  expect(new Set(chunk.dynamicImports)).toEqual(new Set(['snappy', '@node-rs/crc32']))
})

test('each door has its code and its types, and nothing but the protocol is needed', () => {
  for (const target of Object.values(manifest.exports)) {
    for (const file of typeof target === 'string' ? [target] : Object.values(target)) {
      expect(existsSync(new URL(file, HOME)), file).toBe(true)
    }
  }
  expect(Object.keys(manifest.dependencies)).toEqual(['@nsq-ts/protocol'])
  expect(manifest.files).toEqual(['dist', 'src'])
})
