import { join } from 'node:path'
import { messageParts } from '../log/batch.ts'
import { checkFileHeader, FILE_HEADER_SIZE } from '../log/data-file.ts'
import { readRecords } from '../log/journal-records.ts'
import { HEADER_SIZE, SIZE_FIELD_SIZE } from '../log/message-header.ts'
import { RecoveredTopic } from '../log/recovery.ts'
import { nameBefore } from '../log/aside.ts'
import { nodeFiles } from '../storage/node-files.ts'
import { command, ExitCode } from './command.ts'
import { locked, readMetadata, topicsOf } from './data-path.ts'
import { dataPathRow, orHere } from './rows.ts'
import { type FileScan, scanFile } from './scan-file.ts'

export const verifyCommand = command({
  name: 'verify',
  summary: 'reads every batch of every file and checks it',
  description: `
Checks the checksum of every batch, that every message and every record of the journals is whole, and nsqd.dat. Changes
nothing. No nsqd may run on the data path meanwhile. Exit code 3 when something is wrong; each finding is a line with
file, offset and size. At the end of a file it may be a write that a crash cut short, which nobody was promised.`,
  examples: [
    ['nsq_data verify --data-path=/var/lib/nsq', 'check all, for instance before an upgrade'],
    [
      'nsq_data verify --data-path=/var/lib/nsq || nsq_data salvage --from=/var/lib/nsq --to=/var/lib/nsq-new',
      'and rescue what is healthy',
    ],
  ],
  table: { dataPath: dataPathRow },
  run({ dataPath }, output) {
    const path = orHere(dataPath)
    // eslint-disable-next-line typescript/require-await -- the lock is held for something that may take long
    return locked(path, async () => {
      const totals = { files: 0, batches: 0, messages: 0, problems: 0 }
      const wrong = (text: string): void => {
        totals.problems++
        output.note(text)
      }
      let topics
      try {
        topics = topicsOf(path, readMetadata(path, wrong))
      } catch (error) {
        wrong((error as Error).message)
        topics = topicsOf(path, { topics: [] })
      }
      for (const { directory } of topics.filter(({ stored }) => stored)) {
        for (const name of nodeFiles.list(directory).sort()) {
          const file = join(directory, name)
          if (nameBefore(name) !== null) {
            output.note(`${file} was kept aside since it is damaged`)
            continue
          }
          output.progress.show(() => `${totals.messages} messages, ${file}`)
          totals.files++
          verifyFile(file, name.startsWith('journal-'), totals, wrong)
        }
      }
      const { batches, files, messages, problems } = totals
      output.out(
        `${files} files, ${batches} batches, ${messages} messages: ${problems === 0 ? 'all whole' : `${problems} problems`}`,
      )
      return problems === 0 ? ExitCode.done : ExitCode.damage
    })
  },
})

interface Totals {
  batches: number
  messages: number
}

function verifyFile(path: string, isJournal: boolean, totals: Totals, wrong: (text: string) => void): void {
  let scan: FileScan
  try {
    scan = scanFile(nodeFiles, path)
    const header = scan.bytes.subarray(0, FILE_HEADER_SIZE)
    if (!checkFileHeader(header, path)) wrong(`${path}: its header, ${header.length} bytes at 0, is damaged`)
  } catch (error) {
    return wrong((error as Error).message)
  }
  if (scan.unreadable > 0) wrong(`${path}: the disk cannot read ${scan.unreadable} bytes`)
  for (const [from, to] of scan.damage) wrong(`${path}: ${to - from} bytes at ${from} are no whole batch`)
  totals.batches += scan.batches.length
  if (isJournal) verifyJournal(path, scan, wrong)
  else totals.messages += verifyMessages(path, scan, wrong)
}

function verifyJournal(path: string, { bytes, batches }: FileScan, wrong: (text: string) => void): void {
  const topic = new RecoveredTopic()
  for (const { start, end } of batches) {
    try {
      readRecords(bytes, start, end, topic)
    } catch (error) {
      wrong(`${path}: the batch at ${start}: ${(error as Error).message}`)
    }
  }
  if (!topic.whole) wrong(`${path}: its snapshot is not whole`)
}

/** @returns how many messages there are */
function verifyMessages(path: string, { bytes, batches }: FileScan, wrong: (text: string) => void): number {
  let messages = 0
  for (const batch of batches) {
    const { count, end, start } = batch
    const parts = messageParts(bytes, batch)
    if (parts === null) continue
    let at = parts.framesStart
    let found = 0
    for (; at + HEADER_SIZE <= end; found++) at += SIZE_FIELD_SIZE + bytes.readUInt32BE(at)
    if (at !== end || found !== count)
      wrong(`${path}: the batch at ${start} does not hold the ${count} messages it says`)
    messages += found
  }
  return messages
}
