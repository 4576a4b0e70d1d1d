import { optionByKey, parseLogLevel } from '@nsq-ts/daemon'
import type { Logger } from '@nsq-ts/daemon'
import { nsqadminTable } from './options.ts'
import type { NsqadminOptions } from './options.ts'

/** The options of the moment: two of them can be changed while nsqadmin runs (PUT /config). Nothing is saved. */
export class Settings {
  readonly #logger: Logger
  #current: NsqadminOptions

  constructor(options: NsqadminOptions, logger: Logger) {
    this.#logger = logger
    this.#current = { ...options, basePath: properBasePath(options.basePath) }
  }

  get current(): Readonly<NsqadminOptions> {
    return this.#current
  }

  /** As GET /config/:opt shows it; undefined for what is no option. */
  wireValue(key: string): { readonly wire: unknown } | undefined {
    return optionByKey(nsqadminTable, this.#current, key)
  }

  changeLookupds(addresses: readonly string[]): void {
    this.#current = { ...this.#current, lookupdHttpAddresses: addresses }
  }

  /** @throws {Error} for what is no level */
  changeLogLevel(word: string): void {
    const logLevel = parseLogLevel(word)
    this.#current = { ...this.#current, logLevel }
    this.#logger.level = logLevel
  }
}

/** With a slash in front and none behind, and without detours: `adm/` is `/adm` (nsqadmin.md, section 2). */
export function properBasePath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}
