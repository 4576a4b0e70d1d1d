// How a message is shown that was looked at.
import { isUtf8 } from 'node:buffer'
import type { PeekedMessage } from '@nsq-ts/client'
import { highlightJson } from '../terminal/highlight-json.ts'
import { escapeControls, paint } from '../terminal/style.ts'

/** One line of JSON, the body whole: `encoding` says how. */
export function jsonLine(message: PeekedMessage): string {
  const { attempts, body, consumer, deliveredAt, due, headers, id, size, state, timesOutAt, timestamp } = message
  const isText = isUtf8(body)
  return `${JSON.stringify({
    id,
    state,
    timestamp,
    attempts,
    due,
    consumer,
    delivered_at: deliveredAt,
    times_out_at: timesOutAt,
    ...(Object.keys(headers).length > 0 && { headers }),
    size,
    encoding: isText ? 'text' : 'base64',
    body: body.toString(isText ? 'utf8' : 'base64'),
  })}\n`
}

/** For people: a line about the message, its headers, its body, an empty line. */
export function shownMessage(message: PeekedMessage, colours: boolean): string {
  const { attempts, body, consumer, due, headers, id, size, state, timesOutAt, timestamp } = message
  const about = [
    id,
    timestamp.toISOString(),
    state,
    `${attempts} attempts`,
    `${size} bytes`,
    due && `due ${due.toISOString()}`,
    consumer && `with ${consumer.clientId || consumer.hostname} (${consumer.remoteAddress})`,
    timesOutAt && `until ${timesOutAt.toISOString()}`,
  ].filter((part) => part !== undefined)
  const line = escapeControls(about.join('  '))
  const story = Object.entries(headers).map(([name, value]) => `  ${escapeControls(`${name}: ${value}`)}\n`)
  return `${colours ? paint('cyan', line) : line}\n${story.join('')}${shownBody(body, colours)}\n\n`
}

function shownBody(body: Buffer, colours: boolean): string {
  if (!isUtf8(body)) return body.toString('base64')
  const text = body.toString()
  return (colours ? highlightJson(text) : undefined) ?? escapeControls(text)
}
