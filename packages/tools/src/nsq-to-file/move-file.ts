// Moving a finished file to where others look for it: never over another one, and never half.
import { constants, copyFile, link, open, unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { makeFoldersFor, syncFolder } from './directory.ts'

/**
 * @returns false when there is a file of that name already; nothing has happened then
 * @throws {Error} of the system
 */
export async function moveFile(from: string, to: string): Promise<boolean> {
  await makeFoldersFor(to)
  if (!(await linkOrCopy(from, to))) return false
  await syncFolder(dirname(to))
  await unlink(from)
  await syncFolder(dirname(from))
  return true
}

async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    // Another file system, or one without links: the original gives up here.
    if (!hasCode(error, 'EXDEV') && !hasCode(error, 'EPERM')) throw error
  }
  const copy = join(dirname(to), `.${randomUUID()}.copy`) // nobody reads it before it is whole
  try {
    await copyFile(from, copy, constants.COPYFILE_EXCL)
    await syncFile(copy)
    return await linkWhole(copy, to)
  } finally {
    await unlink(copy).catch(() => undefined) // a copy that never came to be
  }
}

async function linkWhole(copy: string, to: string): Promise<boolean> {
  try {
    await link(copy, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
