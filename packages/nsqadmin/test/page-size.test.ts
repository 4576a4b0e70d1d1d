import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { BUILT_PAGE } from '../server/http/page-files.ts'

const JAVASCRIPT_MAX = 250_000

test('the page sends less than 250 kB of JavaScript', () => {
  const scripts = readdirSync(BUILT_PAGE, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
  expect(scripts.length).toBeGreaterThan(0)
  const sizes = scripts.map((path) => gzipSync(readFileSync(join(BUILT_PAGE, path))).length)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(JAVASCRIPT_MAX)
})

test('nothing in it comes from elsewhere', () => {
  const styles = readdirSync(BUILT_PAGE, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(?:css|html)$/.test(path),
  )
  expect(styles.length).toBeGreaterThan(1)
  for (const path of styles) expect(readFileSync(join(BUILT_PAGE, path), 'utf8')).not.toMatch(/(?:https?:)?\/\/[a-z]/)
})
