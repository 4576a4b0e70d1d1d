import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNsqd, type TestNsqd } from './start-nsqd.ts'

/** Runs `look` with an nsqd that starts, with these flags, on what is with the kernel now, as after `kill -9`. */
export async function afterCrash<T>(
  nsqd: TestNsqd,
  look: (restarted: TestNsqd) => Promise<T>,
  ...flags: string[]
): Promise<T> {
  const copy = mkdtempSync(join(tmpdir(), 'nsqd-crashed-'))
  cpSync(nsqd.dataPath, copy, { recursive: true })
  try {
    await using restarted = await startNsqd(...flags, `--data-path=${copy}`)
    return await look(restarted)
  } finally {
    rmSync(copy, { recursive: true })
  }
}
