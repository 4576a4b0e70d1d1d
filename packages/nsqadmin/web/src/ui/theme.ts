// Light or dark: as the system has it, or as the reader has chosen. The choice is kept in the browser.
import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type ThemeChoice = (typeof THEMES)[number]

const KEY = 'nsqadmin.theme'
const darkSystem = window.matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

let choice = stored()
apply()
darkSystem.addEventListener('change', tell)

export function setTheme(theme: ThemeChoice): void {
  choice = theme
  apply()
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // A browser that keeps nothing for this page: the choice then holds until it is closed.
  }
  tell()
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice)
}

/** Which of the two is shown. */
export function useThemeName(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () => (choice === 'system' ? (darkSystem.matches ? 'dark' : 'light') : choice))
}

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY)
    return THEMES.find((theme) => theme === value) ?? 'system'
  } catch {
    return 'system'
  }
}

function apply(): void {
  if (choice === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = choice
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tell(): void {
  for (const listener of listeners) listener()
}
