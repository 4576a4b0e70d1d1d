import { realpathSync } from 'node:fs'
import { importDiskQueues } from '../storage/import.ts'
import type { Metadata, TopicMetadata } from '../storage/metadata.ts'
import { nodeFiles } from '../storage/node-files.ts'
import { command, type CommandOutput, ExitCode, UsageError } from './command.ts'
import { locked, readMetadata, requireFolder } from './data-path.ts'
import { writeMetadata } from './fresh-data-path.ts'
import { dataPathRow, folderRow, maxBytesPerFileRow, orHere, required } from './rows.ts'

export const importCommand = command({
  name: 'import',
  summary: "takes over the original's disk queues from another folder",
  description: `
What nsqd does at its start with the original's files in its own data path, for those of another folder: topics,
channels, what is paused, and all messages, with ids, timestamps and attempts. They are added to what the data path has.
The files in --from are not changed, so that a second import brings everything a second time. Neither folder may be in
use. Exit code 3 when something in --from could not be read.`,
  examples: [
    ['nsq_data import --from=/mnt/old-node/nsq --data-path=/var/lib/nsq', 'take over what another node left'],
    [
      'nsq_data import --from=/var/lib/nsq/imported-20260131T120000Z --data-path=/tmp/look && nsq_data inspect --data-path=/tmp/look',
      'look into what was taken over (mkdir /tmp/look first)',
    ],
  ],
  table: {
    from: folderRow('from', 'data path of the original, or a copy of one'),
    dataPath: dataPathRow,
    maxBytesPerFile: maxBytesPerFileRow,
  },
  run({ from, dataPath, maxBytesPerFile }, output) {
    const source = required('from', from)
    const path = orHere(dataPath)
    requireFolder(source)
    requireFolder(path)
    if (realpathSync(source) === realpathSync(path)) {
      throw new UsageError('--from is the data path itself: what lies there is taken over when nsqd starts')
    }
    return locked(source, () => locked(path, () => importInto(source, path, maxBytesPerFile, output)))
  },
})

async function importInto(from: string, to: string, maxBytesPerFile: number, output: CommandOutput): Promise<ExitCode> {
  const { note, out, progress } = output
  const metadata = merged(readMetadata(to, note), readMetadata(from, note))
  writeMetadata(to, metadata.topics) // first: a crash leaves topics without messages, not messages without their channels
  const report = await importDiskQueues({
    files: nodeFiles,
    from,
    to,
    metadata,
    maxBytesPerFile,
    setAside: false,
    log: { info: note, warn: note },
    progress: (topic, messages) => progress.show(() => `${messages} messages of ${topic}`),
  })
  out(`${report.topics.length} topics, ${report.messages} messages taken over from ${from}`)
  if (report.bytesSkipped > 0) note(`${report.bytesSkipped} bytes could not be read as messages`)
  return report.bytesSkipped > 0 ? ExitCode.damage : ExitCode.done
}

/** What is in both is as `first` has it. */
function merged(first: Metadata, second: Metadata): Metadata {
  const topics = new Map<string, TopicMetadata>()
  for (const entry of [...first.topics, ...second.topics]) {
    const known = topics.get(entry.name)
    const names = new Set(known?.channels.map(({ name }) => name))
    const more = entry.channels.filter(({ name }) => !names.has(name))
    topics.set(entry.name, { ...(known ?? entry), channels: [...(known?.channels ?? []), ...more] })
  }
  return { topics: [...topics.values()] }
}
