// This client beside nsqjs and squeaky, each in a process of its own, against one nsqd, in one run:
//   publish, awaiting each answer; publish, many in flight; consume with 100 messages at a time.
//
//   node packages/client/bench/run.mjs [--nsqd=<command>] [--messages=100000] [--rounds=3]
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))
const CLIENTS = ['nsq-ts', 'nsqjs', 'squeaky']
const TASKS = ['publish, awaiting each', 'publish, pipelined', 'consume, 100 at a time']

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
  const rows = TASKS.map((task) => ({ task, best: Object.fromEntries(CLIENTS.map((client) => [client, 0])) }))
  for (let round = 0; round < rounds; round++) {
    for (const { task, best } of rows) {
      for (const client of CLIENTS) best[client] = Math.max(best[client], await run(client, task, round))
    }
  }
  console.log(`${messages} messages of 100 bytes, best of ${rounds}, messages a second`)
  console.log(`| | ${CLIENTS.join(' | ')} |\n|---|${CLIENTS.map(() => '---').join('|')}|`)
  for (const { task, best } of rows) {
    console.log(`| ${task} | ${CLIENTS.map((client) => (best[client] === 0 ? '-' : best[client])).join(' | ')} |`)
  }
} finally {
  nsqd.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** @returns messages a second, 0 when the client could not */
async function run(client, task, round) {
  const topic = `bench-${client}-${TASKS.indexOf(task)}-${round}`
  const count = task === 'publish, awaiting each' ? Math.ceil(messages / 10) : messages
  const consumes = task.startsWith('consume')
  if (consumes) await fill(topic, count)
  const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url))
  try {
    const output = execFileSync(
      process.execPath,
      [worker, client, String(TASKS.indexOf(task)), topic, String(tcpPort), String(count)],
      {
        encoding: 'utf8',
        timeout: 120_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    return Number(output.trim().split('\n').at(-1))
  } catch {
    return 0
  } finally {
    await fetch(`http://127.0.0.1:${httpPort}/topic/delete?topic=${topic}`, { method: 'POST' })
  }
}

async function fill(topic, count) {
  await fetch(`http://127.0.0.1:${httpPort}/channel/create?topic=${topic}&channel=c`, { method: 'POST' }).catch(
    () => {},
  )
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
