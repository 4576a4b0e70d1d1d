import { useEffect } from 'react'
import { useLocation } from 'wouter'
import { pages } from '../api/paths.ts'

/** `/` goes to the search of this page, or to that of the overview; Esc goes one page up. */
export function useShortcuts(): void {
  const [location, navigate] = useLocation()
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      if (event.key === '/') {
        event.preventDefault()
        const field = searchField()
        if (field === null) navigate(`${pages.overview}?focus`)
        else field.focus()
      } else if (event.key === 'Escape' && location !== pages.overview && !isInWindow(event.target)) {
        navigate(parentOf(location))
      }
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [location, navigate])
}

function searchField(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>('[role="searchbox"]')
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}

/** Esc there belongs to the dialog or the menu. */
function isInWindow(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') !== null
}

/** `/topics/a/b` is below `/topics/a`; a topic and every other page is below the overview. */
function parentOf(location: string): string {
  const parent = location.slice(0, location.lastIndexOf('/'))
  return parent === '' || parent === '/topics' ? pages.overview : parent
}
