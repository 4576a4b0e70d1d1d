import type { ComponentProps, ReactNode } from 'react'
import { useId } from 'react'
import { classNames } from './class-names.ts'

const INPUT =
  'w-full rounded-md border border-line-strong bg-surface px-2 text-sm text-ink placeholder:text-ink-3 aria-invalid:border-bad'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  /** What is wrong with it; shown in place of the hint. */
  readonly error?: string | undefined
}

/** A line of text with its label above and a hint, or what is wrong, below. */
export function TextField({ label, hint, error, className, ...rest }: FieldProps & ComponentProps<'input'>) {
  const id = useId()
  return (
    <div className={classNames('min-w-0', className)}>
      <FieldLabel id={id} label={label} />
      <input
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
        autoComplete="off"
        spellCheck={false}
        className={classNames(INPUT, 'h-8 pointer-coarse:h-10 pointer-coarse:text-[16px]')}
        {...rest}
      />
      <FieldHint id={id} hint={hint} error={error} />
    </div>
  )
}

/** As TextField, for many lines. */
export function TextArea({ label, hint, error, className, ...rest }: FieldProps & ComponentProps<'textarea'>) {
  const id = useId()
  return (
    <div className={classNames('min-w-0', className)}>
      <FieldLabel id={id} label={label} />
      <textarea
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
        spellCheck={false}
        className={classNames(INPUT, 'py-1.5 font-mono pointer-coarse:text-[16px]')}
        {...rest}
      />
      <FieldHint id={id} hint={hint} error={error} />
    </div>
  )
}

/** One of a few. */
export function SelectField({ label, hint, className, children, ...rest }: FieldProps & ComponentProps<'select'>) {
  const id = useId()
  return (
    <div className={classNames('min-w-0', className)}>
      <FieldLabel id={id} label={label} />
      <select id={id} className={classNames(INPUT, 'h-8 pointer-coarse:h-10 pointer-coarse:text-[16px]')} {...rest}>
        {children}
      </select>
      {hint !== undefined && <FieldHint id={id} hint={hint} />}
    </div>
  )
}

function FieldLabel({ id, label }: { id: string; label: string }) {
  return (
    <label htmlFor={id} className="mb-1 block text-sm font-medium">
      {label}
    </label>
  )
}

function FieldHint({ id, hint, error }: { id: string; hint?: ReactNode; error?: string | undefined }) {
  return (
    <p
      id={`${id}-hint`}
      className={classNames('mt-1 min-h-4 text-xs', error === undefined ? 'text-ink-3' : 'text-bad')}
    >
      {error ?? hint}
    </p>
  )
}
