import { LogOut, Monitor, Moon, Sun } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { send } from '../api/client.ts'
import { api, pages } from '../api/paths.ts'
import { queryClient, useSession, useSettings } from '../api/queries.ts'
import { IconButton } from '../ui/button.tsx'
import { classNames } from '../ui/class-names.ts'
import { setTheme, THEMES, useThemeChoice } from '../ui/theme.ts'
import type { ThemeChoice } from '../ui/theme.ts'
import { LiveStatus } from './live-status.tsx'

/** The bar at the top of every page. */
export function Header() {
  const settings = useSettings()
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-page">
      <div className="mx-auto flex h-12 max-w-[120rem] items-center gap-x-2 px-3 sm:px-5">
        <Link href={pages.overview} className="mr-1 flex items-center gap-2 rounded-sm font-semibold sm:mr-3">
          <Mark />
          <span className="max-sm:sr-only">nsqadmin</span>
        </Link>
        <nav aria-label="Pages" className="flex h-full items-stretch gap-0.5 text-sm sm:gap-1">
          <Tab href={pages.overview} also="/topics">
            Topics
          </Tab>
          <Tab href={pages.nodes} also="/nodes">
            Nodes
          </Tab>
          {settings?.nsqlookupd.length !== 0 && <Tab href={pages.lookup}>Lookup</Tab>}
          <Tab href={pages.counter}>Counter</Tab>
        </nav>
        <div className="ml-auto flex items-center gap-1">
          <LiveStatus />
          <User />
          <ThemeMenu />
        </div>
      </div>
    </header>
  )
}

/** Three lines of a queue, getting shorter. */
function Mark() {
  return (
    <svg viewBox="0 0 32 32" className="size-5.5" aria-hidden>
      <rect width="32" height="32" rx="7" fill="var(--color-ink)" />
      <path d="M7 9h11M7 16h18M7 23h7" stroke="var(--color-page)" strokeWidth="3.4" strokeLinecap="round" fill="none" />
    </svg>
  )
}

function Tab({ href, also, children }: { href: string; also?: string; children: ReactNode }) {
  const [location] = useLocation()
  const current = location === href || (also !== undefined && location.startsWith(`${also}/`))
  return (
    <Link
      href={href}
      aria-current={current ? 'page' : undefined}
      className={classNames(
        'flex items-center border-b-2 px-1.5 pt-0.5 sm:px-2',
        current ? 'border-ink font-medium text-ink' : 'border-transparent text-ink-2 hover:text-ink',
      )}
    >
      {children}
    </Link>
  )
}

/** Who is logged in, and the way out. */
function User() {
  const { data: session } = useSession()
  if (session?.user === null || session?.user === undefined) return null
  async function logOut(): Promise<void> {
    await send('DELETE', api.session)
    await queryClient.resetQueries()
  }
  return (
    <span className="flex items-center gap-1 pl-1 text-sm text-ink-2">
      <span className="max-w-32 truncate max-md:sr-only" title={session.is_admin ? 'operator' : 'viewer'}>
        {session.user}
      </span>
      {session.login_required && (
        <IconButton label="Log out" onClick={() => void logOut()}>
          <LogOut />
        </IconButton>
      )}
    </span>
  )
}

const THEME_NAMES: Readonly<Record<ThemeChoice, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' }
const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const

function ThemeMenu() {
  const choice = useThemeChoice()
  const Icon = THEME_ICONS[choice]
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Theme">
          <Icon />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-50 min-w-40 animate-appear rounded-lg border border-line bg-surface p-1 text-sm shadow-panel"
        >
          <DropdownMenu.RadioGroup value={choice} onValueChange={(value) => setTheme(value as ThemeChoice)}>
            {THEMES.map((theme) => {
              const ThemeIcon = THEME_ICONS[theme]
              return (
                <DropdownMenu.RadioItem
                  key={theme}
                  value={theme}
                  className="flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 outline-none data-highlighted:bg-sunken data-[state=checked]:font-semibold"
                >
                  <ThemeIcon aria-hidden className="size-3.5" />
                  {THEME_NAMES[theme]}
                </DropdownMenu.RadioItem>
              )
            })}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
