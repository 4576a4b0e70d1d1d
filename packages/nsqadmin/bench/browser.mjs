// The browser of the benchmark and of the screenshots: Debian's chromium, or the one that CHROMIUM names.
import { chromium } from 'playwright-core'

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
const OFFLINE = ['--disable-background-networking', '--disable-component-update']

export function launchBrowser() {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, args: [...QUIET, ...OFFLINE] })
}
