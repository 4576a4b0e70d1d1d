import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the built page is: dist/web of this package, whether this file runs from dist/ or, in tests, from the source. */
export const BUILT_PAGE = join(packageRoot(import.meta.dirname), 'dist/web')

function packageRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder))
}

/** index.html, before anything is put into it; undefined: there is none. */
export function readIndex(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'index.html'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The page as one answer: with the base path that all its links are relative to, and the nonce of this answer, without which the
 * browser takes no style that a script adds.
 */
export function indexPage(index: string, basePath: string, nonce: string): string {
  const base = basePath === '/' ? '/' : `${encodeURI(basePath).replaceAll('"', '%22')}/`
  const head = `<base href="${base}" />\n    <meta property="csp-nonce" nonce="${nonce}" />`
  const withoutBase = index.replace(/\s*<base\b[^>]*>/, '')
  return withoutBase.replace(/<head>/, `<head>\n    ${head}`)
}
