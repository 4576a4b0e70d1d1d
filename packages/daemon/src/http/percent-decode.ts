/**
 * Undoes percent escapes. Bytes that are no UTF-8 become U+FFFD instead of an error: Go passes them on, and whoever checks the
 * name then refuses it.
 * @returns undefined for a `%` without two hexadecimal digits
 */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}
