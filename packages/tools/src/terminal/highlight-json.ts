// JSON for people: indented and coloured. The tokens stay as they were written, so that numbers keep all their digits.
import { escapeControls, paint } from './style.ts'
import type { Paint } from './style.ts'

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g
const INDENT = '  '

/** @returns undefined for what is not a JSON object or array */
export function highlightJson(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text) || !isJson(text)) return undefined
  const tokens = text.match(TOKEN) ?? []
  let shown = ''
  let depth = 0
  const newLine = (): string => `\n${INDENT.repeat(depth)}`
  tokens.forEach((token, index) => {
    const next = tokens[index + 1]
    if (token === '{' || token === '[') {
      shown += token
      if (next === closing(token)) return
      depth++
      shown += newLine()
    } else if (token === '}' || token === ']') {
      if (tokens[index - 1] !== opening(token)) {
        depth--
        shown += newLine()
      }
      shown += token
    } else if (token === ',') {
      shown += token + newLine()
    } else if (token === ':') {
      shown += ': '
    } else {
      shown += paint(colourOf(token, next === ':'), escapeControls(token))
    }
  })
  return shown
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // what is not JSON is shown as it is
  }
}

function closing(token: '{' | '['): string {
  return token === '{' ? '}' : ']'
}

function opening(token: '}' | ']'): string {
  return token === '}' ? '{' : '['
}

function colourOf(token: string, isKey: boolean): Paint {
  if (isKey) return 'blue'
  if (token.startsWith('"')) return 'green'
  return /^[-\d]/.test(token) ? 'yellow' : 'magenta'
}
