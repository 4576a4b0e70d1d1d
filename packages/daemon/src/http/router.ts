// Which route answers a request, and what is said when none does (nsqd-http.md, section 2: the rules of Go's httprouter).
import type { HttpRequest } from './request.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Route {
  readonly method: Method
  /** `/topic/create`; a segment `:name` stands for any one non-empty segment, handed over in `request.params`. */
  readonly path: string
  /**
   * Returns a string (text), nothing (empty), a Reply (exactly that), or anything else (JSON).
   * @throws {HttpError} to answer an error; any other error is a defect and answers 500 INTERNAL_ERROR
   */
  handle(request: HttpRequest): unknown
  /** True: no line in the access log (the publishing routes, profiles). */
  readonly quiet?: boolean
  /** True: answered on a connection beyond the limit too. A crowd must not have a supervisor restart the process. */
  readonly probe?: boolean
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'options' | 'method-not-allowed'; readonly allow: string }
  | { readonly kind: 'not-found' }

interface Pattern {
  readonly segments: readonly string[]
  readonly methods: Map<string, Route>
}

/** Exact paths are looked up; the few patterns with parameters are tried one after another. */
export class Router {
  readonly #exact = new Map<string, Pattern>()
  readonly #parameterised: Pattern[] = []

  /** @throws {Error} for two routes of the same method and path */
  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route)
  }

  /** @param path decoded, without query */
  match(method: string, path: string): Match {
    const pattern = this.#find(path)
    const route = pattern?.methods.get(method)
    if (pattern !== undefined && route !== undefined) return { kind: 'route', route, params: paramsOf(pattern, path) }
    const redirect = this.#properPath(method, path)
    if (redirect !== undefined) return { kind: 'redirect', path: redirect }
    if (pattern === undefined) return { kind: 'not-found' }
    const allow = [...pattern.methods.keys(), 'OPTIONS'].sort().join(', ')
    return { kind: method === 'OPTIONS' ? 'options' : 'method-not-allowed', allow }
  }

  #add(route: Route): void {
    const segments = route.path.split('/')
    const parameterised = segments.some((segment) => segment.startsWith(':'))
    const known = parameterised
      ? this.#parameterised.find((pattern) => pattern.segments.join('/') === route.path)
      : this.#exact.get(route.path)
    const pattern = known ?? { segments, methods: new Map<string, Route>() }
    if (pattern.methods.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`)
    pattern.methods.set(route.method, route)
    if (known !== undefined) return
    if (parameterised) this.#parameterised.push(pattern)
    else this.#exact.set(route.path, pattern)
  }

  #find(path: string): Pattern | undefined {
    const exact = this.#exact.get(path)
    if (exact !== undefined || this.#parameterised.length === 0) return exact
    const segments = path.split('/')
    return this.#parameterised.find((pattern) => fits(pattern.segments, segments, (a, b) => a === b))
  }

  /** The path of a route of this method that differs only by a trailing slash, doubled slashes, dots or letter case. */
  #properPath(method: string, path: string): string | undefined {
    const segments = cleanSegments(path)
    for (const ending of [segments, [...segments, '']]) {
      for (const pattern of [...this.#exact.values(), ...this.#parameterised]) {
        if (pattern.methods.has(method) && fits(pattern.segments, ending, equalIgnoringCase)) {
          // Parameters keep the letters they were sent with.
          return pattern.segments.map((own, index) => (own.startsWith(':') ? ending[index] : own)).join('/')
        }
      }
    }
    return undefined
  }
}

function fits(own: readonly string[], asked: readonly string[], equal: (a: string, b: string) => boolean): boolean {
  if (own.length !== asked.length) return false
  return own.every((segment, index) => {
    const other = asked[index] ?? ''
    return segment.startsWith(':') ? other !== '' : equal(segment, other)
  })
}

function paramsOf(pattern: Pattern, path: string): Record<string, string> {
  const segments = path.split('/')
  const named = pattern.segments.map((own, index) => [own, segments[index] ?? ''] as const)
  return Object.fromEntries(named.filter(([own]) => own.startsWith(':')).map(([own, value]) => [own.slice(1), value]))
}

function cleanSegments(path: string): string[] {
  const clean: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') clean.pop()
    else if (segment !== '' && segment !== '.') clean.push(segment)
  }
  return ['', ...clean]
}

function equalIgnoringCase(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
