// Names of files from `--filename-format`: what never changes for a topic is put in once, the date and the revision for each file.
import { hostname } from 'node:os'
import { demand } from '../program/refusal.ts'
import { formatDatetime } from './datetime.ts'
import type { NsqToFileOptions } from './options.ts'

const REVISION = '<REV>'
const REVISION_DIGITS = 6

type NameOptions = Pick<NsqToFileOptions, 'filenameFormat' | 'datetimeFormat' | 'hostIdentifier' | 'gzip'>

export class FileName {
  readonly #template: string
  readonly #datetimeFormat: string
  #second = Number.NaN
  #dated = ''

  /**
   * @param needsRevision a name may be taken already, so the format must have a place for a number
   * @throws {Refusal} when it has none
   */
  constructor(topic: string, options: NameOptions, needsRevision: boolean) {
    const { filenameFormat, gzip } = options
    demand(
      !needsRevision || filenameFormat.includes(REVISION),
      'missing <REV> in --filename-format when gzip, rotation, or work dir enabled',
    )
    const name = (needsRevision ? filenameFormat : filenameFormat.replaceAll(REVISION, ''))
      .replaceAll('<TOPIC>', () => topic)
      .replaceAll('<HOST>', () => host(options.hostIdentifier))
      .replaceAll('<PID>', String(process.pid))
    this.#template = gzip && !name.endsWith('.gz') ? `${name}.gz` : name
    this.#datetimeFormat = options.datetimeFormat
  }

  /**
   * The name but for its revision; see {@link withRevision}. It changes with the seconds at the most.
   * @param now milliseconds since the epoch
   */
  at(now: number): string {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      const datetime = formatDatetime(this.#datetimeFormat, new Date(now))
      this.#dated = this.#template.replaceAll('<DATETIME>', () => datetime)
    }
    return this.#dated
  }
}

/** `log<REV>.gz` -> `log-000001.gz` */
export function withRevision(dated: string, revision: number): string {
  return dated.replaceAll(REVISION, `-${String(revision).padStart(REVISION_DIGITS, '0')}`)
}

function host(identifier: string): string {
  const name = hostname()
  const short = name.split('.', 1)[0] ?? name
  if (identifier === '') return short
  return identifier.replaceAll('<SHORT_HOST>', () => short).replaceAll('<HOSTNAME>', () => name)
}
