// Plays the seeds that sim.mjs hands out, and says of each when it begins and how it ended.
/* oxlint-disable unicorn/require-post-message-target-origin -- to threads, not to windows */
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'

const { runSeed } = await import(pathToFileURL(workerData).href)

parentPort.on('message', ({ from, to }) => {
  for (let seed = from; seed < to; seed++) {
    parentPort.postMessage({ began: seed })
    parentPort.postMessage({ ended: seed, failure: runSeed(seed) })
  }
  parentPort.postMessage({})
})
parentPort.postMessage({})
