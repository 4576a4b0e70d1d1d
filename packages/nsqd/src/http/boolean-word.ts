/** How query parameters say yes and no: `true`, `1`, `false`, `0`, in exactly these letters; undefined for anything else. */
export function booleanWord(text: string | undefined): boolean | undefined {
  switch (text) {
    case 'true':
    case '1':
      return true
    case 'false':
    case '0':
      return false
    default:
      return undefined
  }
}
