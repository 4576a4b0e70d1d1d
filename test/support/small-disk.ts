// A disk that can be filled: a file system of a few megabytes in memory, mounted on a folder. That takes Linux and root.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BALLAST = 'ballast'
const PAGE_SIZE = 4096

/** `using` unmounts it. */
export class SmallDisk implements Disposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** @returns null where this process may not mount anything */
  static mount(size: number): SmallDisk | null {
    const path = mkdtempSync(join(tmpdir(), 'nsqd-small-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path], { stdio: 'ignore' })
      return new SmallDisk(path)
    } catch {
      rmdirSync(path)
      return null
    }
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Somebody else's file takes all but `left` bytes. */
  fill(left: number): void {
    this.clear()
    const size = Math.floor((this.free - left) / PAGE_SIZE) * PAGE_SIZE
    writeFileSync(join(this.path, BALLAST), Buffer.alloc(Math.max(0, size)))
  }

  /** That file goes. */
  clear(): void {
    rmSync(join(this.path, BALLAST), { force: true })
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path])
    rmdirSync(this.path)
  }
}

/** Tests that need one are skipped where there is none; the reason stands in the name of the skipped test. */
export const canMount: boolean = (() => {
  using disk = SmallDisk.mount(PAGE_SIZE * 16)
  return disk !== null
})()
