import { memo } from 'react'

interface SparklineProps {
  /** Oldest first; null where nothing is known. */
  readonly values: readonly (number | null)[]
  /** Of the drawing, in its own units; CSS stretches it. */
  readonly width?: number
  readonly height?: number
  readonly className?: string
  /** With the area below the line. */
  readonly filled?: boolean
}

/**
 * A line without axes, from zero to its own highest value. It says no more than the figures beside it, so it is hidden from
 * screen readers.
 */
export const Sparkline = memo(function Sparkline({
  values,
  width = 96,
  height = 20,
  className,
  filled,
}: SparklineProps) {
  const line = linePath(values, width, height)
  return (
    <svg
      aria-hidden
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={className}
      width={width}
      height={height}
    >
      {filled && line !== '' && (
        <path d={areaPath(line, values, width, height)} fill="currentColor" stroke="none" opacity={0.12} />
      )}
      <path
        d={line}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.25}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
})

/** The line stays a pixel away from the edges, where half of it would be cut. */
function linePath(values: readonly (number | null)[], width: number, height: number): string {
  const last = values.length - 1
  if (last < 1) return ''
  const highest = Math.max(1, ...values.map((value) => value ?? 0))
  let path = ''
  let pen = 'M'
  for (const [index, value] of values.entries()) {
    if (value === null) {
      pen = 'M'
      continue
    }
    const x = ((index / last) * width).toFixed(1)
    const y = (height - 1 - (value / highest) * (height - 2)).toFixed(1)
    path += `${pen}${x} ${y}`
    pen = 'L'
  }
  return path
}

function areaPath(line: string, values: readonly (number | null)[], width: number, height: number): string {
  const last = values.length - 1
  const at = (index: number): string => ((index / last) * width).toFixed(1)
  const first = values.findIndex((value) => value !== null)
  const final = values.findLastIndex((value) => value !== null)
  // A gap in the middle is bridged by the area, not by the line: it is too faint to mislead.
  return `${line.replaceAll(/(?!^)M/g, 'L')}L${at(final)} ${height}L${at(first)} ${height}Z`
}
