// This client beside nsqjs and squeaky, each in a process of its own, against one nsqd, in one run; and beside a bare socket that
// writes prepared bytes and reads OKs, which nobody can beat: what a round trip costs by itself.
//
//   node packages/client/bench/run.mjs [--nsqd=<command>] [--messages=100000] [--rounds=3]
//
// Prints messages a second (the best of the rounds) and microseconds of CPU a message (the least), which is steadier where other
// work disturbs: a process that needs 5 us a message can do 200,000 a second on one core.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))
const CLIENTS = ['nsq-ts', 'nsqjs', 'squeaky', 'bare socket']
/** Name, how many of the messages it takes, whether the topic is filled before. */
const TASKS = [
  { task: 'publish, awaiting each', share: 0.2 },
  { task: 'publish, 100 callers each awaiting', share: 1 },
  { task: 'publish, pipelined', share: 1 },
  { task: 'consume, 100 at a time', share: 2, isFilled: true },
]

function option(name, fallback) {
  const prefix = `--${name}=`
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length) ?? fallback
}

const messages = Number(option('messages', '100000'))
const rounds = Number(option('rounds', '3'))
const command = option('nsqd', `${process.execPath} ${join(PACKAGES, 'nsqd/bin/nsqd.js')}`)

const folder = mkdtempSync(join(tmpdir(), 'nsq-bench-'))
const [tcpPort, httpPort] = [await freePort(), await freePort()]
const [file, ...args] = command.split(' ')
const nsqd = spawn(
  file,
  [
    ...args,
    `--tcp-address=127.0.0.1:${tcpPort}`,
    `--http-address=127.0.0.1:${httpPort}`,
    `--data-path=${folder}`,
    '--mem-queue-size=10000000',
  ],
  { stdio: 'ignore' },
)
try {
  await answering(`http://127.0.0.1:${httpPort}/ping`)
  const rows = TASKS.map((task) => ({ ...task, best: new Map() }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) {
      for (const client of CLIENTS) {
        const figures = await run(client, index, round)
        if (figures === undefined) continue
        const { rate, cpuUs } = row.best.get(client) ?? { rate: 0, cpuUs: Infinity }
        row.best.set(client, { rate: Math.max(rate, figures.rate), cpuUs: Math.min(cpuUs, figures.cpuUs) })
      }
    }
  }
  console.log(`Node ${process.versions.node}, 100-byte messages, ${messages} of them, ${rounds} rounds\n`)
  table('messages a second', rows, ({ rate }) => String(rate))
  table('CPU of the client, us a message', rows, ({ cpuUs }) => cpuUs.toFixed(1))
} finally {
  nsqd.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

function table(title, rows, show) {
  console.log(`| ${title} | ${CLIENTS.join(' | ')} | nsq-ts / nsqjs |\n|---|${CLIENTS.map(() => '---').join('|')}|---|`)
  for (const { task, best } of rows) {
    const cells = CLIENTS.map((client) => (best.has(client) ? show(best.get(client)) : '-'))
    const [ours, theirs] = ['nsq-ts', 'nsqjs'].map((client) => Number(best.has(client) ? show(best.get(client)) : NaN))
    console.log(`| ${task} | ${cells.join(' | ')} | ${(ours / theirs).toFixed(2)} |`)
  }
  console.log()
}

/** @returns messages a second and CPU us a message; undefined when the client could not */
async function run(client, index, round) {
  const topic = `bench-${CLIENTS.indexOf(client)}-${index}-${round}`
  const { share, isFilled } = TASKS[index]
  const count = Math.ceil(messages * share)
  if (isFilled) await fill(topic, count)
  const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url))
  try {
    const output = execFileSync(
      process.execPath,
      [worker, client, String(index), topic, String(tcpPort), String(count)],
      { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    return JSON.parse(output.trim().split('\n').at(-1))
  } catch {
    return undefined
  } finally {
    await fetch(`http://127.0.0.1:${httpPort}/topic/delete?topic=${topic}`, { method: 'POST' })
  }
}

async function fill(topic, count) {
  await fetch(`http://127.0.0.1:${httpPort}/topic/create?topic=${topic}`, { method: 'POST' })
  await fetch(`http://127.0.0.1:${httpPort}/channel/create?topic=${topic}&channel=c`, { method: 'POST' })
  const body = `${'x'.repeat(100)}\n`.repeat(10_000)
  for (let sent = 0; sent < count; sent += 10_000) {
    await fetch(`http://127.0.0.1:${httpPort}/mpub?topic=${topic}`, { method: 'POST', body })
  }
}

async function answering(url) {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)) // it is starting
    }
  }
  throw new Error('nsqd did not start')
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
