import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'

// A person mistypes a few times; a program that guesses needs millions of attempts.
const PER_USER = { max: 10, timeWindow: 60_000 }
const PER_ADDRESS = { max: 60, timeWindow: 60_000 }

/** Whether this client may try one more password of this user; each call counts as a try. */
export type MayTry = (request: FastifyRequest, user: string) => Promise<boolean>

export async function limitAttempts(app: FastifyInstance): Promise<MayTry> {
  await app.register(rateLimit, { global: false })
  const users = new WeakMap<FastifyRequest, string>()
  const perAddress = app.createRateLimit({ ...PER_ADDRESS, keyGenerator: (request) => request.ip })
  const perUser = app.createRateLimit({
    ...PER_USER,
    keyGenerator: (request) => `${request.ip} ${users.get(request) ?? ''}`,
  })
  return async (request, user) => {
    users.set(request, user)
    const limits = [await perAddress(request), await perUser(request)]
    return limits.every((limit) => limit.isAllowed || !limit.isExceeded)
  }
}
