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

/** Bundles what an application imports. @returns the code that is loaded at once, and what is loaded when it is asked for */
async function bundle(imports: string): Promise<{ size: number; imports: string[]; later: string[] }> {
  const entry = fileURLToPath(new URL('dist/entry-of-test.js', HOME))
  const result = await build({
    input: entry,
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === entry ? id : null),
        load: (id: string) => (id === entry ? `export { ${imports} } from './index.js'` : null),
      },
    ],
    external: [...builtinModules, ...builtinModules.map((name) => `node:${name}`), 'snappy', '@node-rs/crc32'],
    platform: 'node',
    output: { minify: true },
    write: false,
    logLevel: 'silent',
  })
  const chunks = result.output.filter((output) => output.type === 'chunk')
  const first = chunks.filter(
    (chunk) => chunk.isEntry || chunks.some((other) => other.imports.includes(chunk.fileName)),
  )
  return {
    size: first.reduce((sum, chunk) => sum + Buffer.byteLength(chunk.code), 0),
    imports: first.flatMap((chunk) =>
      chunk.imports.filter((name) => !name.startsWith('node:') && !name.endsWith('.js')),
    ),
    later: chunks.flatMap((chunk) => chunk.dynamicImports).filter((name) => !name.endsWith('.js')),
  }
}

test('a producer, and a consumer, is below 40 kB minified, and both below 48, the protocol included', async () => {
  const [producer, consumer, both] = await Promise.all(['Producer', 'Consumer', 'Producer, Consumer, json'].map(bundle))
  expect(producer!.size).toBeLessThan(40_000)
  expect(consumer!.size).toBeLessThan(40_000)
  expect(both!.size).toBeLessThan(48_000)
  expect(both!.imports).toEqual([])
  expect(new Set(both!.later)).toEqual(new Set(['snappy', '@node-rs/crc32']))
})

test('each door has its code and its types, and nothing but the protocol is needed', () => {
  for (const target of Object.values(manifest.exports)) {
    const files = typeof target === 'string' ? [target] : Object.values(target)
    expect(files.filter((file) => !existsSync(new URL(file, HOME)))).toEqual([])
  }
  expect(Object.keys(manifest.dependencies)).toEqual(['@nsq-ts/protocol'])
  expect(manifest.files).toEqual(['dist', 'src'])
})
