import type { ComponentProps } from 'react'
import { classNames } from './class-names.ts'

/** One of a few, in a line with other things; who uses it says what it is for. */
export function SmallSelect({ className = 'h-7 pointer-coarse:h-9', ...rest }: ComponentProps<'select'>) {
  return (
    <select
      className={classNames(
        'max-w-full min-w-0 rounded-md border border-line-strong bg-surface px-1.5 text-sm text-ink pointer-coarse:text-[16px]',
        className,
      )}
      {...rest}
    />
  )
}
