import { closeSync, openSync, writeSync } from 'node:fs'

/** Where log lines go. */
export interface LogDestination {
  /** Returns once the whole line is with the kernel. */
  write(line: string): void
  /** Opens the destination anew, for log rotation. */
  reopen(): void
  close(): void
}

const STDERR = 2
const STALL_MAX_MS = 1000
const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Standard error, or with a path a file that is appended to. Writing is synchronous: a line that was logged before a crash is there.
 * A destination that fails (full disk, reader gone, a pipe nobody reads for a second) loses the line, never the daemon; how many
 * were lost is said once it works again.
 * @throws {Error} when the file cannot be opened
 */
export function openLogDestination(path = ''): LogDestination {
  let descriptor = path === '' ? STDERR : openSync(path, 'a', 0o644)
  let lost = 0
  return {
    write(line) {
      try {
        const note = lost === 0 ? '' : `(${lost} log lines could not be written)\n`
        writeFully(descriptor, Buffer.from(note + line))
        lost = 0
      } catch {
        lost++ // there is nowhere left to report it but the next line
      }
    },
    reopen() {
      if (path === '') return
      const next = openSync(path, 'a', 0o644) // first, so that a failure leaves the old file in use
      closeSync(descriptor)
      descriptor = next
    },
    close() {
      if (descriptor === STDERR) return
      closeSync(descriptor)
      descriptor = STDERR // what is still logged has to go somewhere
      path = ''
    },
  }
}

function writeFully(descriptor: number, bytes: Buffer): void {
  let offset = 0
  let stalledMs = 0
  while (offset < bytes.length) {
    try {
      offset += writeSync(descriptor, bytes, offset)
    } catch (error) {
      // A pipe that the parent made non-blocking is full: give its reader a moment.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || stalledMs >= STALL_MAX_MS) throw error
      Atomics.wait(pause, 0, 0, 1)
      stalledMs++
    }
  }
}
