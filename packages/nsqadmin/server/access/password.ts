// Passwords are kept as scrypt hashes: scrypt$N$r$p$salt$hash, the last two in base64url.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt)

// 16 MiB and about 0.2 s of one core: OWASP's figures for a server that has other things to do with its memory.
const COST = { N: 16_384, r: 8, p: 5 }
const SALT_SIZE = 16
const HASH_SIZE = 32
const PATTERN = /^scrypt\$(\d{1,6})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,})\$([\w-]{43})$/

/** @param cost less than the default is for tests */
export async function hashPassword(password: string, cost: typeof COST = COST): Promise<string> {
  const salt = randomBytes(SALT_SIZE)
  const hash = await derive(password.normalize(), salt, HASH_SIZE, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** Whether a text has the form that `hashPassword` gives, at a cost that checking it can bear. */
export function isPasswordHash(text: string): boolean {
  const [, n, r, p] = PATTERN.exec(text) ?? []
  const [N, blocks, lanes] = [Number(n), Number(r), Number(p)]
  return N >= 2 && (N & (N - 1)) === 0 && N * blocks <= COST.N * COST.r && blocks > 0 && lanes > 0 && lanes <= 16
}

let turn: Promise<unknown> = Promise.resolve()

/** One check at a time, so that many at once do not take 16 MiB each. @param hash of `hashPassword` */
export function verifyPassword(password: string, hash: string): Promise<boolean> {
  const checked = turn.then(() => check(password, hash))
  turn = checked.catch(() => undefined) // the caller gets the error; the next one has its turn all the same
  return checked
}

async function check(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', expected = ''] = PATTERN.exec(hash) ?? []
  const wanted = Buffer.from(expected, 'base64url')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const found = await derive(password.normalize(), Buffer.from(salt, 'base64url'), wanted.length, cost)
  return timingSafeEqual(found, wanted)
}
