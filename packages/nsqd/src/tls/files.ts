import { readFileSync } from 'node:fs'

/**
 * The contents of a file that an option names. An empty name is a file that does not exist.
 * @throws {Error} in the words of Go's os package, which the FATAL lines of nsqd repeat
 */
export function readNamedFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Error(reason(path, cause as NodeJS.ErrnoException), { cause })
  }
}

function reason(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return `open ${path}: no such file or directory`
    case 'EACCES':
      return `open ${path}: permission denied`
    case 'EISDIR':
      return `read ${path}: is a directory`
    default:
      return error.message
  }
}
