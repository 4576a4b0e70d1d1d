/** Messages of a topic or channel that are on disk and not in memory; 0 for one that keeps all in memory. */
export function backendDepth(queue: object): number {
  return 'backendDepth' in queue && typeof queue.backendDepth === 'number' ? queue.backendDepth : 0
}
