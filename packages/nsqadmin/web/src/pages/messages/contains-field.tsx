import { useEffect, useRef, useState } from 'react'
import { SearchField } from '../../ui/search-field.tsx'
import type { SearchFieldProps } from '../../ui/search-field.tsx'

/** Somebody who types does not want an answer to each letter: nsqd looks through many messages for it. */
const TYPING_MS = 400

interface ContainsFieldProps extends Pick<SearchFieldProps, 'ref' | 'onDown'> {
  readonly value: string
  readonly onChange: (value: string) => void
}

/** What is searched for in the bodies: told once the reader has stopped typing, or presses Enter. */
export function ContainsField({ value, onChange, ...rest }: ContainsFieldProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const tell = useRef(onChange)
  tell.current = onChange
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => tell.current(typed), TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed, value])
  return (
    <SearchField {...rest} label="Body contains" value={typed} onChange={setTyped} onEnter={() => onChange(typed)} />
  )
}
