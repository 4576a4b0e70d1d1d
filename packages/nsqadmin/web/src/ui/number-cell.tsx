import { count, rate } from '../format/numbers.ts'
import { classNames } from './class-names.ts'

interface CellProps {
  readonly value: number | null | undefined
  readonly tone?: 'bad' | 'warn' | undefined
  readonly title?: string | undefined
}

/** A whole number; zero is quiet. */
export function Count({ value, tone, title }: CellProps) {
  return (
    <span title={title} className={toneClass(value, tone)}>
      {count(value)}
    </span>
  )
}

/** Messages a second; zero is quiet. */
export function Rate({ value, tone, title }: CellProps) {
  return (
    <span title={title} className={toneClass(value, tone)}>
      {rate(value)}
    </span>
  )
}

function toneClass(value: number | null | undefined, tone: 'bad' | 'warn' | undefined): string {
  return classNames(
    (value === 0 || value === null || value === undefined) && 'quiet',
    tone === 'bad' && 'font-medium text-bad',
    tone === 'warn' && 'font-medium text-warn',
  )
}
