import type { ComponentProps } from 'react'
import { classNames } from './class-names.ts'

const KINDS = {
  plain: 'border border-line bg-surface text-ink hover:bg-hover',
  quiet: 'text-ink-2 hover:bg-sunken hover:text-ink',
  primary: 'bg-ink text-page hover:opacity-85',
  danger: 'border border-line bg-surface text-bad hover:bg-bad-ground',
  destroy: 'bg-bad-solid text-white hover:opacity-85',
} as const

interface ButtonProps extends ComponentProps<'button'> {
  /** `danger` leads to something that destroys; `destroy` does it. @default 'plain' */
  readonly kind?: keyof typeof KINDS
}

/** A button of the one size that there is: 28 pixels, 36 under a finger. */
export function Button({ kind = 'plain', className, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classNames(
        'inline-flex h-7 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap pointer-coarse:h-9',
        'transition-colors disabled:opacity-50 [&_svg]:size-3.5 [&_svg]:shrink-0',
        KINDS[kind],
        className,
      )}
      {...rest}
    />
  )
}

interface IconButtonProps extends Omit<ButtonProps, 'aria-label'> {
  /** What it does: it has no other words. */
  readonly label: string
}

/** A square button with a picture; its label is its tooltip. */
export function IconButton({ label, kind = 'quiet', className, ...rest }: IconButtonProps) {
  return (
    <Button
      kind={kind}
      aria-label={label}
      title={label}
      className={classNames('w-7 px-0! pointer-coarse:w-9', className)}
      {...rest}
    />
  )
}
