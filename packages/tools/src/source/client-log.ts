// What happens to a consumer or producer, as lines in go-nsq's form: `INF    1 [topic/channel] (address) connected`.
import type { Consumer, Producer } from '@nsq-ts/client'
import { formatDuration } from '@nsq-ts/daemon'
import type { Log } from '../program/log.ts'

type Level = 'INF' | 'WRN' | 'ERR'
type Say = (level: Level, text: string) => void

/** Consumers and producers of this process so far. */
let clientCount = 0

export function logConsumer(consumer: Consumer, topic: string, channel: string, log: Log): void {
  const say = sayer(log, ` [${topic}/${channel}]`)
  logConnections(consumer, say)
  consumer.on('error', (error) => say('ERR', error.message))
  consumer.on('backoff', ({ level, waitMs }) => {
    if (level === 0) say('INF', 'exiting backoff, full flow again')
    else
      say('WRN', `backing off for ${formatDuration(Math.round(waitMs))} (level ${level}), nothing is taken meanwhile`)
  })
  consumer.on('exhausted', ({ message }) =>
    say('WRN', `msg ${message.id} attempted ${message.attempts} times, giving up`),
  )
}

export function logProducer(producer: Producer, log: Log): void {
  const say = sayer(log, '')
  logConnections(producer, say)
  producer.on('error', (error) => say('ERR', error.message))
}

function sayer(log: Log, name: string): Say {
  const id = String(++clientCount).padStart(3)
  return (level, text) => log.line(`${level}  ${id}${name} ${text}`)
}

interface ConnectionEvents {
  on(name: 'connect', listener: (event: { address: string }) => void): unknown
  on(name: 'disconnect', listener: (event: { address: string; error: Error | undefined }) => void): unknown
}

function logConnections(client: ConnectionEvents, say: Say): void {
  client.on('connect', ({ address }) => say('INF', `(${address}) connected to nsqd`))
  client.on('disconnect', ({ address, error }) => {
    if (error === undefined) say('INF', `(${address}) connection closed`)
    else say('ERR', `(${address}) ${withoutAddress(error.message, address)}`)
  })
}

/** The library's errors begin with the address, which stands in the line already. */
function withoutAddress(message: string, address: string): string {
  return message.startsWith(`${address}: `) ? message.slice(address.length + 2) : message
}
