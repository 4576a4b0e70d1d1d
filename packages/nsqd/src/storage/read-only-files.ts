import type { LogFile, LogFiles } from '../log/files.ts'

/**
 * Files that nothing is done to: what opening a log repairs (a torn end is cut off, an empty file removed, one that cannot be read set aside) is left as it
 * is. Writing is an error.
 */
export function readOnlyFiles(files: LogFiles): LogFiles {
  return {
    list: (directory) => files.list(directory),
    makeDirectory: refuse,
    open: (path) => readOnlyFile(files.open(path, 'read')),
    rename() {},
    remove() {},
    removeDirectory: refuse,
    syncDirectory: refuse,
  }
}

function readOnlyFile(file: LogFile): LogFile {
  return {
    size: () => file.size(),
    write: refuse,
    read: (bytes, position) => file.read(bytes, position),
    readLater: (bytes, position, done) => file.readLater(bytes, position, done),
    sync: refuse,
    syncLater: refuse,
    truncate() {},
    close: () => file.close(),
  }
}

function refuse(): never {
  throw new Error('opened for reading only')
}
