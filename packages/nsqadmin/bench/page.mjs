// How the overview bears 2,000 topics of 3 channels each: when it is first painted, when all of it is there, and what an update costs
// the main thread, in CPU time. Build first: node packages/nsqadmin/bench/page.mjs [topics]
import { setTimeout as delay } from 'node:timers/promises'
import { launchBrowser } from './browser.mjs'
import { startScene } from './scene.mjs'
import { makeMany, stirMany } from './traffic.mjs'

const topics = Number(process.argv[2] ?? 2000)
const SECONDS = 15
const LIMITS = { 'first paint, ms': 1500, 'update, ms of main thread': 50 }

const scene = await startScene()
await makeMany(scene, topics)
const browser = await launchBrowser()
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
const figures = {}

const samples = []
for (let i = 0; i < 5; i++) {
  const started = performance.now()
  await page.goto(scene.url)
  await page.getByText(new RegExp(`^${topics.toLocaleString('en-US')} topics$`)).waitFor()
  const complete = performance.now() - started
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime)
  samples.push({ paint, complete })
}
figures['first paint, ms'] = median(samples.map(({ paint }) => paint))
figures['all rows there, ms'] = median(samples.map(({ complete }) => complete))
figures['rows in the document'] = await page.locator('tbody tr').count()

// Half of the topics get a message each half second, so that half of the rows change with every update.
const stop = stirMany(scene, topics / 2)
const devtools = await page.context().newCDPSession(page)
await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
await delay(3000)
let updates = 0
await devtools.send('Network.enable')
devtools.on('Network.eventSourceMessageReceived', ({ eventName }) => {
  if (eventName === 'update') updates++
})
const before = await taskSeconds()
await delay(SECONDS * 1000)
figures['updates'] = updates
figures['update, ms of main thread'] = ((await taskSeconds()) - before) * (1000 / updates)
await stop()
await browser.close()
await scene.close()

for (const [name, value] of Object.entries(figures)) {
  const limit = LIMITS[name]
  console.log(`${name.padEnd(28)} ${value.toFixed(0).padStart(8)}${limit === undefined ? '' : `   (limit ${limit})`}`)
}
if (Object.entries(LIMITS).some(([name, limit]) => figures[name] > limit)) process.exitCode = 1

async function taskSeconds() {
  const { metrics } = await devtools.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration').value
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
