/** How much of it, and from which seed; `npm run crash -- --help` says what each means. */
export const CRASH = settings()

function settings() {
  const rounds = numberFrom('NSQ_CRASH_ROUNDS', 10)
  const durability = process.env['NSQ_CRASH_DURABILITY'] ?? ''
  const life = numberFrom('NSQ_CRASH_LIFE', -1)
  const roundsOfLife = Math.min(10, rounds)
  const lives = Math.ceil(rounds / roundsOfLife)
  return {
    durabilities: durability === '' ? (['os', 'fsync'] as const) : [durability as 'os' | 'fsync'],
    seed: numberFrom('NSQ_CRASH_SEED', Math.floor(Math.random() * 2 ** 31)),
    rounds: roundsOfLife,
    firstLife: Math.max(life, 0),
    lives: life >= 0 ? 1 : lives,
    longEvery: numberFrom('NSQ_CRASH_LONG_EVERY', 0),
    /** A line for each, for those who wait for many. */
    tellsOfLives: process.env['NSQ_CRASH_TELL'] === '1',
    timeoutMs: 60_000 + rounds * 20_000,
  }
}

/** How to have a life once more. The traffic is the same; when the process dies in it depends on the machine. */
export function again(durability: string, life: number): string {
  const { longEvery, rounds, seed } = CRASH
  const long = longEvery === 0 ? '' : ` --long-every ${longEvery}`
  return `again: npm run crash -- --durability ${durability} --seed ${seed} --life ${life} --rounds ${rounds}${long}`
}

function numberFrom(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`${name}=${text}: a whole number, 0 or above`)
  return value
}
