// Files that are damaged, or cannot be read, and are kept: nsqd does not look at them again, people and nsq_data do.
import type { LogFiles } from './files.ts'

const SUFFIX = '.damaged'

/** Gives a file a name under which it is kept; none that is kept already loses its own. @returns its path @throws of the file system */
export function setAside(files: LogFiles, path: string): string {
  const slash = path.lastIndexOf('/')
  const names = new Set(files.list(path.slice(0, slash)))
  const name = path.slice(slash + 1) + SUFFIX
  let free = name
  for (let i = 2; names.has(free); i++) free = `${name}-${i}`
  const aside = `${path.slice(0, slash)}/${free}`
  files.rename(path, aside)
  return aside
}

/** The name that a file had before it was set aside; null: it was not. */
export function nameBefore(name: string): string | null {
  const at = name.lastIndexOf(SUFFIX)
  return at > 0 && /^(?:-\d+)?$/.test(name.slice(at + SUFFIX.length)) ? name.slice(0, at) : null
}

/** True for a file of a log that can't be read as a whole: the disk says so, again and again. */
export function isUnreadable(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EIO'
}
