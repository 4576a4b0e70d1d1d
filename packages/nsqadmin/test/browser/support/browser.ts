import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

const PLACES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where the browser of these tests is; undefined: there is none, and they cannot run. */
export const CHROMIUM = PLACES.find((path) => path !== undefined && existsSync(path))
if (CHROMIUM === undefined) console.warn('No chromium is installed: the browser tests of nsqadmin are skipped.')

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
const OFFLINE = ['--disable-background-networking', '--disable-component-update']

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: [...QUIET, ...OFFLINE] })
}

/** A page of its own, and what went wrong on it: exceptions, and whatever the content security policy did not let through. */
export class OpenPage implements AsyncDisposable {
  readonly page: Page
  readonly problems: string[] = []
  readonly #context: BrowserContext

  constructor(page: Page, context: BrowserContext) {
    this.page = page
    this.#context = context
    page.on('pageerror', ({ message }) => this.problems.push(message))
    page.on('console', (line) => {
      if (line.type() !== 'error' || line.text().startsWith('Failed to load resource')) return
      this.problems.push(line.text())
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(15_000)
  const open = new OpenPage(await context.newPage(), context)
  await open.page.goto(url)
  return open
}
