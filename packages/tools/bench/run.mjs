// How fast the utilities are, against an nsqd of this repository or another:
//
//   node packages/tools/bench/run.mjs [--messages=400000] [--only=to_nsq] [--nsqd=<command>] [--tools=<folder>] [--json]
//
// Each moves so many messages of 200 bytes; printed are messages a second and the CPU of the tool for one message, from which follows
// what one core of one's own would do. Two cores that others use too give low rates and true CPU times.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '400000' },
    only: { type: 'string', default: '' },
    nsqd: { type: 'string', default: fileURLToPath(new URL('../../nsqd/bin/nsqd.js', import.meta.url)) },
    tools: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
const MESSAGES = Number(options.messages)
const SIZE = 200
const TICKS_PER_SECOND = 100 // of /proc/<pid>/stat on Linux

/** What a line of a log may look like: repeating words, and numbers that do not. */
function line(number) {
  const text = `{"time":${1.7e12 + number * 37},"user":${(number * 7919) % 100003},"path":"/orders/${number}","state":"paid","agent":"`
  return `${text}${'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 '.repeat(4)}`.slice(0, SIZE - 2) + '"}'
}
const LINES = Buffer.from(Array.from({ length: MESSAGES }, (_, number) => `${line(number)}\n`).join(''))

const SCENARIOS = {
  to_nsq: { target: 150_000, run: toNsq },
  'nsq_to_file, plain': { target: 100_000, run: (kit) => toFile(kit) },
  'nsq_to_file, gzip 6': { target: 60_000, run: (kit) => toFile(kit, '--gzip') },
  nsq_to_nsq: { target: 60_000, run: nsqToNsq },
}

const results = []
for (const [name, { target, run }] of Object.entries(SCENARIOS)) {
  if (!name.includes(options.only)) continue
  const kit = await openKit()
  try {
    const { seconds, cpuSeconds } = await run(kit)
    const result = {
      name,
      messagesPerSecond: Math.round(MESSAGES / seconds),
      cpuMicroseconds: Math.round((cpuSeconds * 1e8) / MESSAGES) / 100,
      perCore: Math.round(MESSAGES / cpuSeconds),
      target,
    }
    results.push(result)
    if (!options.json) {
      const { messagesPerSecond, cpuMicroseconds, perCore } = result
      console.log(
        `${name.padEnd(20)} ${messagesPerSecond}/s, ${cpuMicroseconds} µs CPU a message: ${perCore}/s on a core of its own (wanted ${target})`,
      )
    }
  } finally {
    await kit.close()
  }
}
if (options.json) console.log(JSON.stringify(results, undefined, 2))

async function toNsq(kit) {
  const nsqd = await kit.nsqd()
  return kit.measure('to_nsq', [`--nsqd-tcp-address=${nsqd.tcp}`, '--topic=t'], { input: LINES })
}

async function toFile(kit, ...flags) {
  const nsqd = await kit.nsqd()
  await kit.fill(nsqd)
  const args = [
    `--nsqd-tcp-address=${nsqd.tcp}`,
    '--topic=t',
    '--max-in-flight=2500',
    '--sync-interval=250ms',
    `--output-dir=${kit.folder}/out`,
    ...flags,
  ]
  const measured = await kit.measure('nsq_to_file', args, { until: () => nsqd.isDrained('t', 'nsq_to_file') })
  const names = readdirSync(`${kit.folder}/out`)
  if (names.reduce((sum, name) => sum + statSync(`${kit.folder}/out/${name}`).size, 0) === 0)
    throw new Error('no files')
  return measured
}

async function nsqToNsq(kit) {
  const [from, to] = [await kit.nsqd(), await kit.nsqd()]
  await kit.fill(from)
  const args = [
    `--nsqd-tcp-address=${from.tcp}`,
    `--destination-nsqd-tcp-address=${to.tcp}`,
    '--topic=t',
    '--max-in-flight=2500',
    '--status-every=0',
  ]
  return kit.measure('nsq_to_nsq', args, { until: () => from.isDrained('t', 'nsq_to_nsq') })
}

async function openKit() {
  const folder = mkdtempSync(join(tmpdir(), 'nsq-tools-bench-'))
  const children = []
  const start = (command, args, stdio) => {
    const [file, ...first] = command.endsWith('.js') ? [process.execPath, command] : command.split(' ')
    const child = spawn(file, [...first, ...args], { stdio })
    children.push(child)
    return child
  }
  const tool = (name, args, stdio) => {
    const ours = fileURLToPath(new URL(`../bin/${name}.js`, import.meta.url))
    return start(options.tools === '' ? ours : join(options.tools, name), args, stdio)
  }

  async function nsqd() {
    const [tcp, http] = [await freePort(), await freePort()]
    const data = mkdtempSync(join(folder, 'nsqd-'))
    start(
      options.nsqd,
      [`--tcp-address=127.0.0.1:${tcp}`, `--http-address=127.0.0.1:${http}`, `--data-path=${data}`],
      'ignore',
    )
    const get = (path) => fetch(`http://127.0.0.1:${http}${path}`)
    await until(async () => (await get('/ping').catch(() => undefined))?.ok)
    const channel = async (topic, name) => {
      const stats = await (await get(`/stats?format=json&topic=${topic}&include_clients=false`)).json()
      return stats.topics[0]?.channels.find((each) => each.channel_name === name)
    }
    return {
      tcp: `127.0.0.1:${tcp}`,
      async isDrained(topic, name) {
        const stats = await channel(topic, name)
        return stats !== undefined && stats.message_count >= MESSAGES && stats.depth + stats.in_flight_count === 0
      },
    }
  }

  async function fill({ tcp }) {
    const child = tool('to_nsq', [`--nsqd-tcp-address=${tcp}`, '--topic=t'], ['pipe', 'ignore', 'ignore'])
    child.stdin.end(LINES)
    await exit(child)
  }

  /** Runs a tool until it ends, or `until` holds. */
  async function measure(name, args, { input, until: isDone }) {
    const log = join(folder, 'log')
    writeFileSync(log, '')
    const startedAt = performance.now()
    const child = tool(name, args, [input === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'])
    let cpuSeconds = 0
    const watch = setInterval(() => (cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid))), 20)
    child.stdin?.end(input)
    if (isDone === undefined) await exit(child)
    else await until(isDone)
    const seconds = (performance.now() - startedAt) / 1000
    clearInterval(watch)
    if (isDone !== undefined) cpuSeconds = cpuOf(child.pid)
    return { seconds, cpuSeconds }
  }

  async function close() {
    for (const child of children) if (child.exitCode === null) child.kill()
    await Promise.all(children.map(exit))
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, nsqd, fill, measure, close }
}

/** Seconds of CPU, its threads included, so far. */
function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return 0 // it has ended
  }
}

async function exit(child) {
  if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once('exit', done))
}

async function until(holds) {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((next) => setTimeout(next, 20))) {
    if (await holds()) return
  }
  throw new Error('it took too long')
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}
