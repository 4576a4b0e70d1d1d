// /debug/pprof, where Go programs have it (nsqd-http.md, /debug): `go tool pprof http://host:4151/debug/pprof/profile` works.
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ProfilerBusyError, takeCpuProfile, takeHeapProfile } from './profiler.ts'
import { Reply, TEXT } from '../http/reply.ts'
import type { HttpRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'

const CPU_SECONDS_DEFAULT = 30
const CPU_SECONDS_MAX = 300

/**
 * @param indexPath where the index is: nsqd has it at `/debug/pprof/`, nsqlookupd at `/debug/pprof`; the other spelling redirects
 */
export function pprofRoutes(indexPath: '/debug/pprof/' | '/debug/pprof'): Route[] {
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle, quiet: true })
  return [
    get(indexPath, index),
    get('/debug/pprof/cmdline', () => new Reply(process.argv.join('\0'))),
    get('/debug/pprof/symbol', symbol),
    { ...get('/debug/pprof/symbol', symbol), method: 'POST' },
    get('/debug/pprof/profile', cpuProfile),
    get('/debug/pprof/heap', heapProfile),
    get('/debug/pprof/goroutine', activeResources),
    get('/debug/pprof/block', () => new Reply('--- contention:\ncycles/second=1000000000\n')),
    get('/debug/pprof/threadcreate', () => new Reply('threadcreate profile: total 0\n')),
  ]
}

/** `PUT /debug/setblockrate` and `POST /debug/freememory` of nsqd; they answer 200 where the original has a defect and says 500. */
export function runtimeRoutes(): Route[] {
  return [
    { method: 'PUT', path: '/debug/setblockrate', handle: setBlockRate, quiet: true },
    { method: 'POST', path: '/debug/freememory', handle: freeMemory, quiet: true },
  ]
}

const PROFILES = {
  profile: 'CPU profile; seconds=N says how long (default 30, at most 300), one at a time',
  heap: 'sampled live allocations since the first request for this profile; debug=1 for figures as text',
  goroutine: 'active resources of the event loop, as text',
  block: 'empty: nothing blocks in one thread',
  threadcreate: 'empty',
  cmdline: 'the command line, separated by NUL',
}

function index(): Reply {
  const rows = Object.entries(PROFILES).map(
    ([name, text]) => `<tr><td><a href="/debug/pprof/${name}">${name}</a></td><td>${text}</td></tr>`,
  )
  const body = `<!doctype html>\n<html><head><title>/debug/pprof/</title></head><body><h1>/debug/pprof/</h1>\n<table>\n${rows.join('\n')}\n</table>\n</body></html>\n`
  return new Reply(body, { contentType: 'text/html; charset=utf-8' })
}

function symbol(): Reply {
  return new Reply('num_symbols: 1\n')
}

async function cpuProfile(request: HttpRequest): Promise<Reply> {
  const asked = Number(request.query.get('seconds') ?? CPU_SECONDS_DEFAULT)
  const seconds = asked > 0 ? Math.min(asked, CPU_SECONDS_MAX) : CPU_SECONDS_DEFAULT
  try {
    return profileReply('profile', await takeCpuProfile(seconds * 1000, request.signal))
  } catch (error) {
    if (error instanceof ProfilerBusyError) return new Reply(`${error.message}\n`, { status: 500 })
    throw error
  }
}

async function heapProfile(request: HttpRequest): Promise<Reply> {
  if (Number(request.query.get('debug') ?? 0) > 0) {
    const figures = Object.entries({ ...process.memoryUsage(), ...getHeapStatistics() })
    return new Reply(figures.map(([name, value]) => `${name} = ${value}\n`).join(''))
  }
  return profileReply('heap', await takeHeapProfile())
}

function activeResources(): Reply {
  const resources = process.getActiveResourcesInfo()
  const counts = new Map<string, number>()
  for (const name of resources) counts.set(name, (counts.get(name) ?? 0) + 1)
  const lines = [...counts].map(([name, count]) => `# ${count} ${name}\n`)
  return new Reply(`goroutine profile: total ${resources.length}\n${lines.join('')}`)
}

function profileReply(name: string, profile: Uint8Array): Reply {
  return new Reply(profile, {
    contentType: 'application/octet-stream',
    headers: [['Content-Disposition', `attachment; filename="${name}"`]],
  })
}

function setBlockRate(request: HttpRequest): Reply {
  const rate = request.query.get('rate') ?? ''
  if (/^[+-]?\d+$/.test(rate)) return new Reply('')
  const text = `invalid block rate : strconv.Atoi: parsing ${JSON.stringify(rate)}: invalid syntax`
  return new Reply(text, { status: 400, contentType: TEXT })
}

/** Runs the garbage collector, which node shows to nobody unless asked. */
function freeMemory(): Reply {
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  if (typeof collectGarbage === 'function') collectGarbage()
  return new Reply('')
}
