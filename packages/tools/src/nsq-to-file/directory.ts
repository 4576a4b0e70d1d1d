import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the folders that a file is to lie in. */
export async function makeFoldersFor(path: string): Promise<void> {
  const first = await mkdir(dirname(path), { recursive: true, mode: 0o770 })
  if (first !== undefined) await syncFolder(dirname(first))
}

/** Makes names that were added to a folder or taken from it survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
