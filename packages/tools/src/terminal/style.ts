// Colours of a terminal, and keeping text from commanding it.

const CODES = { cyan: 36, green: 32, yellow: 33, blue: 34, magenta: 35, red: 31, dim: 2, bold: 1 } as const

export type Paint = keyof typeof CODES

export function paint(colour: Paint, text: string): string {
  return `\u001B[${CODES[colour]}m${text}\u001B[0m`
}

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g

/** Makes control characters visible, escape sequences above all; tabs and line ends stay. */
export function escapeControls(text: string): string {
  return text.replaceAll(CONTROLS, (character) => {
    return paint('dim', `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  })
}
