import { constants, copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { QueueListing } from '@nsq-ts/diskqueue'
import type { LogFiles } from '../log/files.ts'

/** Makes `<data path>/imported-<UTC time>/`, such as imported-20260131T235959Z; there is never one of that name before. */
export function openAside(files: LogFiles, dataPath: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  let directory = join(dataPath, `imported-${time}`)
  for (let i = 2; existsSync(directory); i++) directory = join(dataPath, `imported-${time}-${i}`)
  files.makeDirectory(directory)
  files.syncDirectory(dataPath)
  return directory
}

/** Copies a file there, so that the folder is a data path of the original again; none: nothing is copied. */
export function addToAside(dataPath: string, directory: string, name: string): void {
  const source = join(dataPath, name)
  if (existsSync(source)) copyFileSync(source, join(directory, name), constants.COPYFILE_EXCL)
}

/** Moves all files of a queue there: the metadata last, since without it the original would overwrite the others. */
export function setAside(files: LogFiles, dataPath: string, directory: string, queue: QueueListing): void {
  const names = [...queue.dataFiles, ...queue.badFiles].map(({ file }) => file)
  names.push(...queue.temporaryFiles)
  if (queue.metadataFile !== undefined) names.push(queue.metadataFile)
  for (const name of names) files.rename(join(dataPath, name), join(directory, name))
}
