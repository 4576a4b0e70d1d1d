// What an application gets: its size, and that the package's doors lead somewhere.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const HOME = fileURLToPath(new URL('../', import.meta.url))
const manifest = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  files: string[]
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}
const OPTIONAL = Object.keys(manifest.optionalDependencies)

/** Minified bytes that a program which imports `names` loads at once, and what it loads only when it asks for it. */
async function bundle(names: string): Promise<{ size: number; later: string[] }> {
  const { metafile } = await build({
    stdin: { contents: `export { ${names} } from './dist/index.js'`, resolveDir: HOME },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: 'out',
    external: OPTIONAL,
    write: false,
    metafile: true,
  })
  const atOnce = new Set([Object.keys(metafile.outputs).find((file) => basename(file) === 'stdin.js')!])
  for (const file of atOnce) {
    const { imports } = metafile.outputs[file]!
    for (const { path, kind, external } of imports) if (kind === 'import-statement' && !external) atOnce.add(path)
  }
  const later = Object.entries(metafile.outputs).filter(([file]) => !atOnce.has(file))
  return {
    size: [...atOnce].reduce((sum, file) => sum + metafile.outputs[file]!.bytes, 0),
    later: later.flatMap(([, { entryPoint }]) => (entryPoint === undefined ? [] : [basename(entryPoint)])),
  }
}

test('producer and consumer together are below 40 kB minified, the protocol included', async () => {
  const both = await bundle('Producer, Consumer')
  expect(both.size).toBeLessThan(40_000)
  // It is so small because these are loaded by programs that ask for them.
  expect(both.later.toSorted()).toEqual([
    'depth-shares.js',
    'extended-publish.js',
    'loops.js',
    'poller.js',
    'snappy.js',
    'upgrade.js',
  ])
  const [producer, consumer] = await Promise.all([bundle('Producer'), bundle('Consumer')])
  expect(producer.size).toBeLessThan(28_000)
  expect(consumer.size).toBeLessThan(32_000)
})

test('each door has its code and its types, and nothing but the protocol is needed', () => {
  for (const target of Object.values(manifest.exports)) {
    const files = typeof target === 'string' ? [target] : Object.values(target)
    expect(files.filter((file) => !existsSync(join(HOME, file)))).toEqual([])
  }
  expect(Object.keys(manifest.dependencies)).toEqual(['@nsq-ts/protocol'])
  expect(OPTIONAL.toSorted()).toEqual(['@node-rs/crc32', 'snappy'])
})

test('everything public says what it is', () => {
  const read = (file: string): string => readFileSync(join(HOME, 'dist', file), 'utf8')
  const undocumented: string[] = []
  let members = 0
  for (const door of ['index.d.ts', 'nsqjs/index.d.ts']) {
    for (const [, names, file] of read(door).matchAll(/export (?:type )?\{([^}]*)\} from '(.*)\.ts'/g)) {
      const source = read(join(door, '..', `${file}.d.ts`))
      for (const name of names!.split(',').flatMap((each) => each.match(/\w+/) ?? [])) {
        const at = source.search(
          new RegExp(`^export (?:declare )?(?:abstract )?(?:interface|class|function|type|const) ${name}\\b`, 'm'),
        )
        expect({ name, isThere: at >= 0 }).toEqual({ name, isThere: true })
        if (!source.slice(0, at).trimEnd().endsWith('*/')) undocumented.push(name)
        const body = /^(?:export).*\{\n([^]*?)^\}/m.exec(source.slice(at))?.[1] ?? ''
        const lines = /^.*(?:interface|class) .*\{$/.test(source.slice(at, source.indexOf('\n', at)))
          ? body.split('\n')
          : []
        for (const [index, line] of lines.entries()) {
          const [, member] =
            /^ {4}(?!#private|constructor|protected|private|static)(?:readonly |get |set )?(\[?[a-zA-Z][\w.]*\]?)\??[:(<]/.exec(
              line,
            ) ?? []
          if (member === undefined) continue
          members++
          if (!lines[index - 1]?.endsWith('*/')) undocumented.push(`${name}.${member}`)
        }
      }
    }
  }
  expect(members).toBeGreaterThan(150)
  expect(undocumented).toEqual([])
})
