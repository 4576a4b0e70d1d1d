import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NsqdProcess } from './nsqd-process.ts'

/** A folder that outlives the nsqds that run on it, one after another. `await using` removes it. */
export class DataPath implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<DataPath> {
    return new DataPath(await mkdtemp(join(tmpdir(), 'nsqd-')))
  }

  start(flags: readonly string[] = []): Promise<NsqdProcess> {
    return NsqdProcess.start(flags, { dataPath: this.path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
