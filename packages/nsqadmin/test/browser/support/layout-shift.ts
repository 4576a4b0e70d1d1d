import type { Page } from 'playwright-core'

/** What counts as good (web.dev/articles/cls). Nothing moves on a machine at rest; on a busy one parts of a page come one by one. */
export const LAYOUT_SHIFT_MAX = 0.1

/** How much of the page has moved by itself since it was opened, as the browser counts it: 0 is nothing. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(list.getEntries().reduce((sum, entry) => sum + (entry as unknown as { value: number }).value, 0))
        }).observe({ type: 'layout-shift', buffered: true })
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)))
      }),
  )
}
