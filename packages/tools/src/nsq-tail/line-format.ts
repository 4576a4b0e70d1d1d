// How a message is shown: as its bytes; on a terminal with colours, JSON indented, and nothing that would command the terminal.
import type { Message } from '@nsq-ts/client'
import { highlightJson } from '../terminal/highlight-json.ts'
import { escapeControls, paint } from '../terminal/style.ts'
import type { NsqTailOptions } from './options.ts'

const LINE_END = Buffer.from('\n')

/** @returns what makes the whole line of a message, the end included */
export function lineFormat(
  topic: string,
  { color, printHeaders, printTopic }: Pick<NsqTailOptions, 'color' | 'printHeaders' | 'printTopic'>,
  output: { readonly isTTY?: boolean },
): (message: Message) => Buffer {
  const isColoured = color === 'always' || (color === 'auto' && output.isTTY === true && !process.env['NO_COLOR'])
  if (!isColoured) {
    const prefix = Buffer.from(printTopic ? `${topic} | ` : '')
    return ({ headers, raw }) => {
      const shownHeaders = Buffer.from(printHeaders ? `${JSON.stringify(headers)} | ` : '')
      return Buffer.concat([prefix, shownHeaders, raw, LINE_END])
    }
  }
  const prefix = printTopic ? `${paint('cyan', topic)} | ` : ''
  return ({ headers, raw }) => {
    const text = raw.toString()
    const shownHeaders = printHeaders ? `${paint('cyan', escapeControls(JSON.stringify(headers)))} | ` : ''
    return Buffer.from(`${prefix}${shownHeaders}${highlightJson(text) ?? escapeControls(text)}\n`)
  }
}
