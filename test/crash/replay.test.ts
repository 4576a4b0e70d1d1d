import { expect, test } from 'vitest'
import { bodiesOf, publishEach, take } from '../support/backlog.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROUNDS = 3
const COUNT = 300
const FLAGS = ['--retain-for=1h', '--max-bytes-per-file=20000', '--mem-queue-size=100']

test.each(['os', 'fsync'])(
  'what a rewind was answered for comes again, although nsqd is killed right behind the answer (%s)',
  { timeout: 60_000 },
  async (durability) => {
    const dataPath = mkdtempSync(join(tmpdir(), 'nsqd-replay-'))
    try {
      const before = Date.now()
      for (let round = 0; round < ROUNDS; round++) {
        await using nsqd = await NsqdProcess.start([...FLAGS, `--durability=${durability}`], { dataPath })
        await nsqd.http('POST', '/topic/create?topic=t')
        await nsqd.http('POST', '/channel/create?topic=t&channel=c')
        const published = bodiesOf(`round ${round}`, COUNT)
        await publishEach(nsqd, 't', published)
        const all = [...Array(round + 1).keys()].flatMap((each) => bodiesOf(`round ${each}`, COUNT))
        const waiting = (await nsqd.channel('t', 'c')).depth
        await take(nsqd, 't', 'c', waiting)
        const answer = await nsqd.http('POST', `/channel/rewind?topic=t&channel=c&to=${before}`)
        const made = await nsqd.http('POST', `/channel/create?topic=t&channel=r${round}&from=${before}`)
        await nsqd.kill()
        expect(JSON.parse(answer.text)).toMatchObject({ complete: true, depth: all.length, in_flight: 0 })
        expect(JSON.parse(made.text)).toMatchObject({ complete: true, messages: all.length })

        await using again = await NsqdProcess.start([...FLAGS, `--durability=${durability}`], { dataPath })
        for (const channel of ['c', `r${round}`]) {
          expect((await again.channel('t', channel)).depth).toBe(all.length)
          const taken = await take(again, 't', channel, all.length)
          expect(taken).toEqual(all.map((body) => ({ body, attempts: 1 })))
        }
        await again.kill()
      }
    } finally {
      rmSync(dataPath, { recursive: true })
    }
  },
)
