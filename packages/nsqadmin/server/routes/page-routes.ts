// The page: one index.html for every address that it knows, and its files (nsqadmin.md, section 4).
import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AdminContext } from '../context.ts'
import { BUILT_PAGE, indexPage, readIndex } from '../http/page-files.ts'

const PAGES = [
  '/',
  '/topics',
  '/topics/:topic',
  '/topics/:topic/:channel',
  '/topics/:topic/:channel/messages',
  '/topics/:topic/:channel/retries',
  '/nodes',
  '/nodes/:node',
  '/counter',
  '/lookup',
  '/login',
]

const NOT_BUILT = `The page of nsqadmin is not built; its API works.

In a checkout, \`npm run build\` builds it, and \`npm ci\` does so too. Then start nsqadmin again.
`
/** Vite puts a hash of what is in a file into its name. */
const HASHED = /-[\w-]{8,}\.\w+$/
const YEAR_MS = 365 * 24 * 3_600_000

export async function pageRoutes(app: FastifyInstance, { settings, at }: AdminContext): Promise<void> {
  const { devStaticDir, basePath } = settings.current
  const folder = devStaticDir === '' ? BUILT_PAGE : devStaticDir
  const built = devStaticDir === '' ? readIndex(folder) : undefined

  const page = (reply: FastifyReply) => {
    const index = built ?? readIndex(folder) // while it is worked on, and until it is built, it may appear
    if (index === undefined) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT)
    void reply.header('Cache-Control', 'no-store').type('text/html')
    return reply.send(Buffer.from(indexPage(index, basePath, reply.cspNonce.style)))
  }
  for (const path of PAGES) app.get(at(path), (_request, reply) => page(reply))

  // Where the original has its files: whoever asks for one of them gets its answer for a file that is not there.
  for (const path of ['/static/:asset', '/fonts/:asset']) {
    app.get(at(path), (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send('NOT_FOUND'))
  }

  if (!existsSync(folder)) return
  await app.register(fastifyStatic, {
    root: folder,
    prefix: basePath === '/' ? '/' : `${basePath}/`,
    index: false,
    wildcard: false, // each file is a route, so that everything else is as it is without files
    globIgnore: ['index.html'],
    cacheControl: false,
    setHeaders: (response, path) => {
      const caching = HASHED.test(path) ? `public, max-age=${YEAR_MS / 1000}, immutable` : 'no-cache'
      void response.header('Cache-Control', caching)
    },
  })
}
