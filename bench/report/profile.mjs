import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const TOP = 20

/**
 * The functions that took the most time of their own while something was measured, out of all profiles in a folder
 * (`node --cpu-prof`), as text.
 * @param {number[][]} windows from when to when, in microseconds of the machine's monotonic clock
 */
export function topFunctions(folder, windows) {
  const times = new Map()
  for (const file of readdirSync(folder))
    addProfile(times, JSON.parse(readFileSync(join(folder, file), 'utf8')), windows)
  times.delete('(idle)')
  const total = [...times.values()].reduce((sum, us) => sum + us, 0)
  const top = [...times].sort((a, b) => b[1] - a[1]).slice(0, TOP)
  const share = (us) => `${((100 * us) / total).toFixed(1)} %`.padStart(8)
  return top.map(([name, us]) => `${share(us)}  ${name}\n`).join('')
}

function addProfile(times, { nodes, samples, timeDeltas, startTime }, windows) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  let at = startTime
  samples.forEach((id, i) => {
    at += timeDeltas[i]
    if (!windows.some(([from, to]) => at >= from && at <= to)) return
    const name = names.get(id)
    times.set(name, (times.get(name) ?? 0) + timeDeltas[i])
  })
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  return `${name}  ${url.startsWith('node:') ? url : basename(url)}:${lineNumber + 1}`
}
