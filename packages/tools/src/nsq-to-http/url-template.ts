// `--get`: an address in the notation of printf, where `%s` is the message and `%%` a percent sign.

/** True when there is exactly one place for the message and no other conversion. */
export function isUrlTemplate(template: string): boolean {
  const conversions = template.match(/%./gs) ?? []
  const isWhole = !template.replaceAll('%%', '').endsWith('%')
  return isWhole && conversions.filter((each) => each !== '%%').join() === '%s'
}

/** The address for a message. */
export function fillUrl(template: string, body: Buffer): string {
  return template.replaceAll(/%[s%]/g, (conversion) => (conversion === '%%' ? '%' : queryEscape(body)))
}

/** As Go's url.QueryEscape: a space becomes `+`, and of ASCII only letters, digits and `-_.~` stay. Any bytes will do. */
export function queryEscape(body: Buffer): string {
  return body.toString('latin1').replaceAll(/[^A-Za-z0-9\-_.~]/g, (character) => {
    if (character === ' ') return '+'
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
