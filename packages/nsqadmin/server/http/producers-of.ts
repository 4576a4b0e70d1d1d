import { HttpError } from '@nsq-ts/daemon'
import type { Producer } from '../cluster/producer.ts'
import { AllFailedError } from '../upstream/upstream-error.ts'

/** Who has a topic: nobody, where all that could be asked do not know it. @throws {HttpError} 502 */
export async function producersOf(asking: Promise<{ values: readonly Producer[] }>): Promise<readonly Producer[]> {
  try {
    return (await asking).values
  } catch (error) {
    // What no nsqlookupd knows does not exist; what none of them could be asked for may.
    const unknown = error instanceof AllFailedError && error.errors.every(({ answer }) => answer?.status === 404)
    if (unknown) return []
    return unlessAllFailed(error)
  }
}

/** @throws {HttpError} 502 for what nobody could be asked */
export function unlessAllFailed(error: unknown): never {
  if (error instanceof AllFailedError) throw new HttpError(502, `UPSTREAM_ERROR: ${error.message}`, { cause: error })
  throw error
}
