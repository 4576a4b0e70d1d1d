import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly resolved?: string
  readonly link?: boolean
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, LockedPackage>
}

// npm leaves out what its registry does not have, and `npm ci` then refuses the lock file.
test('every optional package is in the lock file (node scripts/complete-lockfile.mjs)', () => {
  const optional = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
  expect(optional.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([])
})

test('the lock file names no download addresses: whoever installs has a registry of his own', () => {
  const addresses = Object.values(lock.packages).filter(({ link, resolved }) => link !== true && resolved !== undefined)
  expect(addresses).toEqual([])
})
