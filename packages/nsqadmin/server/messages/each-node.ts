// The same question, or command, to several nodes at once: some may not do it, and are named.
import { HttpError } from '@nsq-ts/daemon'

/** What came of it. */
export interface EachNode<T> {
  readonly done: readonly T[]
  /** `WARNING: ...` with every node that did not do it, and why; empty: all did. */
  readonly message: string
}

/**
 * @param passedOver codes of nodes that are left out without a word, as long as another one does it
 * @throws {HttpError} when no node did it: the status and code that the first of them gave, or 502 with all of them where they differ
 */
export async function eachNode<T>(
  nodes: readonly string[],
  ask: (node: string) => Promise<T>,
  passedOver: ReadonlySet<string> = new Set(),
): Promise<EachNode<T>> {
  const done: T[] = []
  const failures: { node: string; error: HttpError }[] = []
  await Promise.all(
    nodes.map(async (node) => {
      try {
        done.push(await ask(node))
      } catch (error) {
        if (!(error instanceof HttpError)) throw error
        failures.push({ node, error })
      }
    }),
  )
  const worth = failures.filter(({ error }) => !passedOver.has(error.code))
  if (done.length === 0) throw refusalOf(worth.length > 0 ? worth : failures)
  return { done, message: worth.length === 0 ? '' : `WARNING: ${described(worth)}` }
}

function refusalOf(failures: readonly { node: string; error: HttpError }[]): HttpError {
  const [first] = failures
  if (first === undefined) return new HttpError(404, 'TOPIC_NOT_FOUND') // nobody was asked
  const { status, code } = first.error
  if (failures.every(({ error }) => error.code === code)) return new HttpError(status, code, { cause: first.error })
  return new HttpError(502, `UPSTREAM_ERROR: ${described(failures)}`, { cause: first.error })
}

function described(failures: readonly { node: string; error: HttpError }[]): string {
  return failures
    .map(({ node, error }) => `${node}: ${error.code.replace(/^UPSTREAM_ERROR: /, '')}`)
    .sort()
    .join('\n')
}
