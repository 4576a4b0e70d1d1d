import { HttpError } from '@nsq-ts/daemon'
import type { z } from 'zod'
import { firstJsonValue, JsonSyntaxError } from './go-json.ts'

/**
 * The first JSON value of a body, of any content type, checked. Field names may be in any letter case, unknown ones are ignored, and
 * `null` counts as an empty object: so does Go.
 * @param code for everything that does not fit; default: what the original's decoder says
 * @throws {HttpError} 400
 */
export function jsonBody<T>(body: unknown, schema: z.ZodType<T>, code?: string): T {
  try {
    return parsed(body, schema)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new HttpError(400, code ?? error.message, { cause: error })
    throw error
  }
}

function parsed<T>(body: unknown, schema: z.ZodType<T>): T {
  const value = firstJsonValue(Buffer.isBuffer(body) ? body.toString('utf8') : '')
  const result = schema.safeParse(lowerCaseKeys(value))
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.join('.') ?? ''
  const found = wordFor(path === '' ? value : (lowerCaseKeys(value) as Record<string, unknown>)[path])
  const target = path === '' ? 'Go value of type object' : `Go struct field .${path} of type string`
  throw new JsonSyntaxError(`json: cannot unmarshal ${found} into ${target}`)
}

/** Null fields are as good as absent. */
function lowerCaseKeys(value: unknown): unknown {
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(entries.map(([key, field]) => [key.toLowerCase(), field]))
}

function wordFor(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
