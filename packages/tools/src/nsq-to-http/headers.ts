import { demand } from '../program/refusal.ts'

/** Names as they were given, of which the last of a name counts. */
export type Headers = Readonly<Record<string, string>>

/** @throws {Refusal} for what is not `Name: value` */
export function parseHeaders(texts: readonly string[]): Headers {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(':')
      const name = text.slice(0, Math.max(0, colon)).trim()
      const value = text.slice(colon + 1).trim()
      demand(
        colon !== -1 && name !== '' && value !== '',
        `--header value format should be 'Name: value', not ${JSON.stringify(text)}`,
      )
      return [name, value]
    }),
  )
}

/** The defaults, and what was given in place of those of the same name, whatever their case. `Host` is the address's own. */
export function mergeHeaders(defaults: Headers, given: Headers): Headers {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()))
  const kept = Object.entries(defaults).filter(([name]) => !names.has(name.toLowerCase()))
  const added = Object.entries(given).filter(([name]) => name.toLowerCase() !== 'host')
  return Object.fromEntries([...kept, ...added])
}
