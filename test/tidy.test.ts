import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

// What the linter can't see, or sees only as long as nobody touches its settings: which part may know which, and that
// the queueing gets time, chance, files and sockets from outside.

const ROOT = join(import.meta.dirname, '..')

/** What each package may import of the others; the executables and `standalone` stand on all that is below them. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  diskqueue: [],
  client: ['protocol'],
  daemon: ['protocol'],
  nsqd: ['protocol', 'client', 'diskqueue', 'daemon'],
  nsqlookupd: ['protocol', 'client', 'diskqueue', 'daemon'],
  nsqadmin: ['protocol', 'client', 'diskqueue', 'daemon'],
  tools: ['protocol', 'client', 'diskqueue', 'daemon'],
  standalone: ['protocol', 'client', 'diskqueue', 'daemon', 'nsqd', 'nsqlookupd', 'nsqadmin', 'tools'],
}

/** Where the code of a package is; nsqadmin has a server and a page, which share the types of what they say to each other alone. */
const ROOMS = ['src', 'server', 'web/src']
const SHARED_TYPES = 'packages/nsqadmin/server/api-types.ts'

/** Rooms that nothing comes into but through a constructor, and the modules of the runtime that are harmless there. */
const PURE_ROOMS = ['packages/protocol/src', 'packages/nsqd/src/core', 'packages/nsqd/src/log']
const PURE_MODULES = ['node:buffer', 'node:zlib', '@node-rs/crc32']
/** A package that is pure itself, by any of its doors. */
const PURE_PACKAGE = /^@nsq-ts\/protocol(?:\/\w+)?$/
/** Rooms of nsqd that its pure rooms may know: each other. */
const PURE_NSQD_ROOMS = ['packages/nsqd/src/core', 'packages/nsqd/src/log']
const IMPURE =
  /\b(?:Date|setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate|queueMicrotask|performance|process|crypto|fetch|WebSocket|globalThis|global)\b(?!\s*:)|\bMath\.random\b/g

interface Source {
  /** Relative to the repository. */
  readonly path: string
  readonly text: string
}

test('imports between packages point one way, through their doors, and are declared', () => {
  const all = readdirSync(join(ROOT, 'packages')).flatMap((name) => [
    ...ROOMS.flatMap((room) => sources(`packages/${name}/${room}`)),
    ...sources(`packages/${name}/test`),
  ])
  expect(all.length).toBeGreaterThan(100)
  expect(all.flatMap(wrongImports)).toEqual([])
})

test('what is not to know time, chance, files and sockets does not', () => {
  const pure = PURE_ROOMS.flatMap(sources)
  expect(pure.length).toBeGreaterThan(20)
  expect(pure.flatMap(impurities)).toEqual([])
})

test('each of these would be noticed', () => {
  const imports = (path: string, from: string): string[] =>
    wrongImports({ path, text: `import { a } from '${from}'\n` })
  expect(imports('packages/protocol/src/a.ts', '@nsq-ts/daemon')).toHaveLength(1)
  expect(imports('packages/client/src/a.ts', '@nsq-ts/diskqueue')).toHaveLength(1)
  expect(imports('packages/nsqd/src/a.ts', '@nsq-ts/nsqlookupd')).toHaveLength(1)
  expect(imports('packages/nsqd/src/a.ts', '@nsq-ts/protocol/dist/names.js')).toHaveLength(1)
  expect(imports('packages/nsqd/src/a.ts', '../../protocol/src/names.ts')).toHaveLength(1)
  expect(imports('packages/nsqd/src/a.ts', '../test/a.ts')).toHaveLength(1)
  expect(imports('packages/nsqadmin/server/http/a.ts', '../../web/src/api/paths.ts')).toHaveLength(1)
  expect(imports('packages/nsqadmin/web/src/api/a.ts', '../../../server/settings.ts')).toHaveLength(1)
  expect(imports('packages/nsqadmin/web/src/api/a.ts', '../../../server/api-types.ts')).toEqual([])
  expect(imports('packages/nsqd/test/a.test.ts', '../../protocol/src/names.ts')).toHaveLength(1)
  expect(imports('packages/nsqd/test/a.test.ts', '../src/core/topic.ts')).toEqual([])
  expect(imports('packages/nsqd/src/a.ts', '@nsq-ts/protocol')).toEqual([])
  expect(imports('packages/nsqd/src/a.ts', '@nsq-ts/protocol/snappy')).toEqual([])

  const core = (text: string): string[] => impurities({ path: 'packages/nsqd/src/core/a.ts', text })
  for (const text of [
    'const a = Date.now()',
    'const a = new Date()',
    'const a = Math.random()',
    'setTimeout(() => {}, 1)',
    'const a = performance.now()',
    'const a = process.hrtime()',
    'const a = globalThis.fetch',
    "import { readFileSync } from 'node:fs'",
    "import { readFileSync } from 'fs'",
    "import type { Socket } from 'node:net'",
    "import { setTimeout as later } from 'node:timers/promises'",
    "const a = await import('node:os')",
    "import { Output } from '../tcp/output.ts'",
    "import { request } from 'undici'",
  ]) {
    expect({ text, found: core(text).length > 0 }).toEqual({ text, found: true })
  }
  expect(core("import { Log } from '../log/log.ts' // no Date.now() here\nconst a = 'process'")).toEqual([])
})

/** All TypeScript below a folder, if there is such a folder. */
function sources(folder: string): Source[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('node_modules'))
    .map((path) => ({ path: join(folder, path), text: readFileSync(join(ROOT, folder, path), 'utf8') }))
}

/** The modules that a file imports, of any kind: static, for types, dynamic, exported onwards. */
function importsOf(text: string): string[] {
  const pattern = /(?:^|[\s;}])(?:from\s*|import\s*\(?\s*)(['"])([^'"\n]+)\1/g
  return Array.from(withoutComments(text).matchAll(pattern), (match) => match[2] ?? '')
}

function wrongImports({ path, text }: Source): string[] {
  const [, own, room] = path.split('/') as [string, string, string]
  return importsOf(text).flatMap((from) => {
    const where = `${path}: ${from}`
    if (from.startsWith('.')) {
      const target = relative(ROOT, join(ROOT, dirname(path), from))
      const common = target.startsWith('test/') || target.startsWith('docs/examples/')
      const shared = room === 'test' && (common || target.startsWith(`packages/${own}/`))
      const typesOnly = room === 'web' && target === SHARED_TYPES
      return shared || typesOnly || target.startsWith(`packages/${own}/${room}/`) ? [] : [`${where} is not its own`]
    }
    const [, scoped, rest] = /^@nsq-ts\/([^/]+)(\/.*)?$/.exec(from) ?? []
    if (scoped === undefined) return []
    if (rest !== undefined && !isDoor(scoped, rest)) return [`${where} is not the door`]
    if (room === 'test' || scoped === own) return []
    if (!BELOW[own]?.includes(scoped)) return [`${where} does not lie below ${own}`]
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', own, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    return `@nsq-ts/${scoped}` in (manifest.dependencies ?? {}) ? [] : [`${where} is not among its dependencies`]
  })
}

/** A package may have a second door, which its manifest names. */
function isDoor(scoped: string, rest: string): boolean {
  const manifest = readFileSync(join(ROOT, 'packages', scoped, 'package.json'), 'utf8')
  return Object.hasOwn((JSON.parse(manifest) as { exports: object }).exports, `.${rest}`)
}

function impurities({ path, text }: Source): string[] {
  const code = withoutComments(text)
  const names = Array.from(withoutStrings(code).matchAll(IMPURE), (match) => `${path}: ${match[0]}`)
  const modules = importsOf(text).filter((from) => {
    if (PURE_MODULES.includes(from) || PURE_PACKAGE.test(from)) return false
    if (!from.startsWith('.')) return true
    const room = dirname(relative(ROOT, join(ROOT, dirname(path), from)))
    return room !== dirname(path) && !(PURE_NSQD_ROOMS.includes(room) && PURE_NSQD_ROOMS.includes(dirname(path)))
  })
  return [...names, ...modules.map((from) => `${path}: ${from}`)]
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, ' ').replaceAll(/(^|\s)\/\/.*$/gm, ' ')
}

function withoutStrings(text: string): string {
  return text.replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}
