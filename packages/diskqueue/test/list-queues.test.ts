import { expect, test } from 'vitest'
import { findQueue, listQueues } from '../src/index.ts'
import { SimulatedFiles } from './support/simulated-files.ts'
import { contentOf, DIRECTORY } from './support/queues.ts'

const files = new SimulatedFiles(
  {},
  contentOf({
    'nsqd.dat': '{}',
    'events.diskqueue.meta.dat': '0\n0,0\n0,0\n',
    'events:audit.diskqueue.000010.dat': '',
    'events:audit.diskqueue.000009.dat': '',
    'events:audit.diskqueue.1000000.dat': '',
    'events:audit.diskqueue.000003.dat.bad': '',
    'orphan.diskqueue.meta.dat.77.tmp': '',
    'orphan.diskqueue.000000.dat': '',
    'set-aside.diskqueue.000002.dat.bad': '',
  }),
)

test('every queue is listed with its files in order, also without metadata or with only a file set aside', async () => {
  expect(await listQueues(files, DIRECTORY)).toEqual([
    {
      name: 'events',
      topic: 'events',
      metadataFile: 'events.diskqueue.meta.dat',
      dataFiles: [],
      badFiles: [],
      temporaryFiles: [],
    },
    {
      name: 'events:audit',
      topic: 'events',
      channel: 'audit',
      metadataFile: undefined,
      dataFiles: [
        { number: 9, file: 'events:audit.diskqueue.000009.dat' },
        { number: 10, file: 'events:audit.diskqueue.000010.dat' },
        { number: 1000000, file: 'events:audit.diskqueue.1000000.dat' },
      ],
      badFiles: [{ number: 3, file: 'events:audit.diskqueue.000003.dat.bad' }],
      temporaryFiles: [],
    },
    {
      name: 'orphan',
      topic: 'orphan',
      metadataFile: undefined,
      dataFiles: [{ number: 0, file: 'orphan.diskqueue.000000.dat' }],
      badFiles: [],
      temporaryFiles: ['orphan.diskqueue.meta.dat.77.tmp'],
    },
    {
      name: 'set-aside',
      topic: 'set-aside',
      metadataFile: undefined,
      dataFiles: [],
      badFiles: [{ number: 2, file: 'set-aside.diskqueue.000002.dat.bad' }],
      temporaryFiles: [],
    },
  ])
})

test('a queue that has no files is found empty', async () => {
  expect(await findQueue(files, DIRECTORY, 'nobody:here')).toEqual({
    name: 'nobody:here',
    topic: 'nobody',
    channel: 'here',
    metadataFile: undefined,
    dataFiles: [],
    badFiles: [],
    temporaryFiles: [],
  })
})

test('a directory that cannot be read is an error with its cause', async () => {
  const failing = new SimulatedFiles({ fault: { call: 0, code: 'EACCES' } })
  await expect(listQueues(failing, DIRECTORY)).rejects.toMatchObject({ code: 'IO_FAILED', cause: { code: 'EACCES' } })
})
