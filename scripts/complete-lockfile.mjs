// Adds to package-lock.json what npm leaves out when the registry at hand has no builds for other platforms: the optional packages
// of @scope/name-<platform>. Without them `npm ci` takes the lock file for out of date, on every machine.
// node scripts/complete-lockfile.mjs
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))

let added = 0
for (const { optionalDependencies = {}, dev } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const place = `node_modules/${name}`
    if (Object.hasOwn(lock.packages, place)) continue
    if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name}: ${version} is no exact version`)
    lock.packages[place] = { version, ...platformOf(name), ...(dev && { dev }), optional: true }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} added`)

/** The names say it: `linux-x64-musl`, `android-arm-eabi`, `win32-arm64-msvc`, `wasm32-wasi`. */
function platformOf(name) {
  if (name.endsWith('-wasm32-wasi')) return { cpu: ['wasm32'] }
  const [, os, cpu, abi] = /(android|darwin|freebsd|linux|openharmony|win32)-(\w+?)(?:-(\w+))?$/.exec(name) ?? []
  if (os === undefined) throw new Error(`${name}: which platform is it for?`)
  const libc = abi?.startsWith('musl') ? 'musl' : abi?.startsWith('gnu') ? 'glibc' : undefined
  return { cpu: [cpu], ...(os === 'linux' && libc && { libc: [libc] }), os: [os] }
}
