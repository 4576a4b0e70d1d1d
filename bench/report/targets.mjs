import { readFileSync } from 'node:fs'

/** Upper bounds by scenario and figure; `floor` is CPU per message over that of the echo server. */
const targets = JSON.parse(readFileSync(new URL('../targets.json', import.meta.url), 'utf8'))

/**
 * @param {string} scenario
 * @param {Record<string, number | undefined>} figures
 * @returns {{ text: string, met: boolean } | undefined} undefined: there is no target, or its figure was not measured
 */
export function judge(scenario, figures) {
  for (const [key, bound] of Object.entries(targets[scenario] ?? {})) {
    if (figures[key] === undefined) continue
    const met = figures[key] <= bound
    return { text: `${NAMES[key]} <= ${bound}: ${met ? 'met' : 'MISSED'}`, met }
  }
  return undefined
}

const NAMES = { floor: 'x floor', cpu_us: 'CPU', p50_ms: 'p50' }
