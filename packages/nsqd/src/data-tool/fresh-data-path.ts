import { join } from 'node:path'
import { VERSION } from '@nsq-ts/daemon'
import { formatMetadata, METADATA_FILE, type TopicMetadata, writeMetadataFile } from '../storage/metadata.ts'
import { nodeFiles } from '../storage/node-files.ts'
import { locked } from './data-path.ts'

/** Makes a data path, or takes an empty folder, and runs with the right to it. @throws when something is in it */
export function intoFresh<T>(path: string, run: () => Promise<T>): Promise<T> {
  nodeFiles.makeDirectory(path)
  return locked(path, () => {
    const [name] = nodeFiles.list(path)
    if (name !== undefined) throw new Error(`${path} is not empty (${name}): nothing is written over what is there`)
    return run()
  })
}

/** Writes nsqd.dat. @throws of the file system */
export function writeMetadata(path: string, topics: readonly TopicMetadata[]): void {
  writeMetadataFile(join(path, METADATA_FILE), formatMetadata(topics, VERSION))
}
