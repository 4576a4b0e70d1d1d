import { describe, expect, onTestFinished, test } from 'vitest'
import { mpub, pub } from '@nsq-ts/protocol'
import { bodiesOf, publishEach, take } from '../support/backlog.ts'
import { eventually } from '../support/eventually.ts'
import { NsqdProcess } from '../support/nsqd-process.ts'
import { canMount, SmallDisk } from '../support/small-disk.ts'

const MB = 1024 * 1024
const DISK_SIZE = 24 * MB
/** Small files, so that some of them go while the rest is still needed. */
const FLAGS = ['--max-bytes-per-file=1000000', '--mem-queue-size=100']
const BODY_SIZE = 20_000
const RESUME_MAX_MS = 2000

describe.skipIf(!canMount)(
  `a full disk${canMount ? '' : ' (skipped: mounting a small one takes root, on Linux)'}`,
  () => {
    describe.each([
      ['with --disk-reserve', ['--disk-reserve=8388608']],
      ['without, up to the last byte', ['--disk-reserve=0']],
    ])('%s', (_, reserve) => {
      test('publishing is refused and says why; consuming goes on and makes room; then publishing goes on', async () => {
        const { nsqd } = await start(reserve)
        const count = await publishUntilRefused(nsqd)
        expect(count).toBeGreaterThan(100)
        await expectRefusal(nsqd)

        const taken = await take(nsqd, 'topic', 'channel', count - 20)
        expect(taken.length).toBeGreaterThanOrEqual(count - 20)
        await expectToResume(nsqd)
      })

      test('what was acknowledged before survives kill -9, with the disk full', async () => {
        const { disk, nsqd } = await start(reserve)
        const count = await publishUntilRefused(nsqd)
        await nsqd.kill()
        const again = await startOn(disk, reserve)
        expect(await again.channel('topic', 'channel')).toMatchObject({ depth: count })
        const taken = await take(again, 'topic', 'channel', count)
        expect(new Set(taken.map(({ body }) => body.split(' ')[0])).size).toBe(count)
        await expectToResume(again)
      })

      test('what is kept to be delivered again makes room before anything is refused', async () => {
        const { nsqd } = await start([...reserve, '--retain-for=1h'])
        const before = Date.now()
        const count = Math.ceil((1.3 * DISK_SIZE) / BODY_SIZE)
        for (let from = 0; from < count; from += 50) {
          await publishEach(
            nsqd,
            'topic',
            Array.from({ length: 50 }, (_, i) => Buffer.alloc(BODY_SIZE, `${from + i} `)),
          )
          await take(nsqd, 'topic', 'channel', 50)
        }
        expect(nsqd.log).toContain('gave up')
        expect((await nsqd.http('GET', '/ping')).status).toBe(200)
        const { text } = await nsqd.http('POST', `/channel/rewind?topic=topic&channel=channel&to=${before}`)
        const rewound = JSON.parse(text) as { messages: number; complete: boolean }
        expect(rewound).toMatchObject({ complete: false })
        expect(rewound.messages).toBeGreaterThan(50)
        const taken = await take(nsqd, 'topic', 'channel', rewound.messages)
        const last = Number.parseInt(taken.at(-1)!.body, 10)
        expect(taken.map(({ body }) => Number.parseInt(body, 10))).toEqual(
          Array.from({ length: taken.length }, (_, i) => last - taken.length + 1 + i),
        )
      })

      test('a disk that somebody else fills: no message is lost, and publishing resumes when he has gone', async () => {
        const { disk, nsqd } = await start(reserve)
        await publishEach(nsqd, 'topic', bodiesOf('before', 500))
        disk.fill(0)
        await publishUntilRefused(nsqd)
        await expectRefusal(nsqd)
        const taken = await take(nsqd, 'topic', 'channel', 500)
        expect(taken.slice(0, 500).map(({ body }) => body)).toEqual(bodiesOf('before', 500))
        disk.clear()
        await expectToResume(nsqd)
        expect(await nsqd.stop()).toBe(0)
        const again = await startOn(disk, reserve)
        // What was finished while nothing could be written down is finished all the same.
        expect(await again.channel('topic', 'channel')).toMatchObject({
          depth: 1,
          in_flight_count: 0,
          deferred_count: 0,
        })
      })
    })
  },
)

async function start(flags: readonly string[]): Promise<{ disk: SmallDisk; nsqd: NsqdProcess }> {
  const disk = SmallDisk.mount(DISK_SIZE)!
  onTestFinished(() => disk[Symbol.dispose]())
  const nsqd = await startOn(disk, flags)
  await nsqd.http('POST', '/topic/create?topic=topic')
  await nsqd.http('POST', '/channel/create?topic=topic&channel=channel')
  return { disk, nsqd }
}

async function startOn(disk: SmallDisk, flags: readonly string[]): Promise<NsqdProcess> {
  const nsqd = await NsqdProcess.start([...FLAGS, ...flags], { dataPath: disk.path })
  onTestFinished(() => nsqd[Symbol.asyncDispose]())
  return nsqd
}

/** @returns how many were acknowledged; each begins with its number */
async function publishUntilRefused(nsqd: NsqdProcess): Promise<number> {
  using client = await nsqd.connect()
  for (let count = 0; ; count++) {
    client.send(pub('topic', Buffer.alloc(BODY_SIZE, `${count} `)))
    const answer = await client.response()
    if (answer === 'OK') continue
    expect(answer).toMatch(/^E_PUB_FAILED /)
    return count
  }
}

async function expectRefusal(nsqd: NsqdProcess): Promise<void> {
  using producer = await nsqd.connect()
  producer.send(mpub('topic', [Buffer.alloc(BODY_SIZE), Buffer.alloc(BODY_SIZE)]))
  expect(await producer.errorCode()).toBe('E_MPUB_FAILED')
  const answer = await nsqd.http('POST', '/pub?topic=topic', Buffer.alloc(BODY_SIZE))
  expect({ status: answer.status, ...(JSON.parse(answer.text) as object) }).toEqual({
    status: 507,
    message: 'DISK_FULL',
  })
  const lines = await nsqd.http('POST', '/mpub?topic=topic', Buffer.alloc(BODY_SIZE, 'line\n'))
  expect(lines.status).toBe(507)
  expect((await nsqd.http('GET', '/ping')).status).toBe(500)
}

/** There is room: a publish is taken in time, and nsqd is well. */
async function expectToResume(nsqd: NsqdProcess): Promise<void> {
  const isTaken = async (): Promise<boolean> => (await nsqd.http('POST', '/pub?topic=topic', 'after')).status === 200
  await eventually(isTaken, { what: 'publishing resumes', timeoutMs: RESUME_MAX_MS })
  expect(await nsqd.http('GET', '/ping')).toEqual({ status: 200, text: 'OK' })
}
