// Load comes from threads of this process: each has a core's worth of its own, and none of it counts as the server's.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { consume } from './consume.mjs'
import { latency } from './latency.mjs'
import { publish } from './publish.mjs'

const WORK = { publish, consume, latency }

/**
 * Runs `publish`, `consume` or `latency` in a thread.
 * @param {keyof typeof WORK} kind
 */
export function inThread(kind, options) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { kind, options } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

if (!isMainThread) {
  const result = await WORK[workerData.kind](workerData.options)
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a message port, not a window
  parentPort.postMessage(result)
}
