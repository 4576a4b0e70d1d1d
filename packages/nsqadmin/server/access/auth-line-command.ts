// `nsqadmin auth-line NAME ROLE`: prints a line for --auth-file. The password comes from standard input, or is asked for.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import { authLine, USER_NAME } from './auth-file.ts'
import { hashPassword } from './password.ts'

export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable
  readonly stderr: Writable
}

const USAGE = `usage: nsqadmin auth-line NAME viewer|operator
Reads a password and prints a line for the file of --auth-file.
`
const PASSWORD_LENGTH_MIN = 8

/** @returns the exit code */
export async function authLineCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal
  const [name = '', role = '', ...rest] = args
  if (!USER_NAME.test(name) || (role !== 'viewer' && role !== 'operator') || rest.length > 0) {
    stderr.write(USAGE)
    return 2
  }
  const password = await readPassword(terminal)
  if (password.length < PASSWORD_LENGTH_MIN) {
    stderr.write(`The password needs at least ${PASSWORD_LENGTH_MIN} characters.\n`)
    return 1
  }
  stdout.write(`${authLine({ name, role }, await hashPassword(password))}\n`)
  return 0
}

/** A line; from a terminal, without showing it. */
async function readPassword({ stdin, stderr }: Terminal): Promise<string> {
  const terminal = stdin.isTTY === true
  if (terminal) stderr.write('Password: ')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    if (terminal) stderr.write('\n')
  }
}
