// What came of it, for people and as JSON.
import type { RecordableHistogram } from 'node:perf_hooks'
import { formatDuration } from '@nsq-ts/daemon'
import type { NsqBenchOptions } from './options.ts'

/** Times in milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export interface Throughput {
  readonly messages: number
  readonly messages_per_second: number
  readonly megabytes_per_second: number
}

/** What `--json` prints. */
export interface Summary {
  readonly mode: string
  readonly seconds: number
  readonly message_size: number
  readonly published?: Throughput & { readonly answer_ms: Percentiles }
  readonly consumed?: Throughput
  /** From publish to receipt. */
  readonly latency_ms?: Percentiles
  /** CPU of nsq_bench itself, for each message published or consumed. */
  readonly own_cpu_us_per_message: number
}

export interface Measured {
  readonly seconds: number
  readonly cpuMicroseconds: number
  readonly published: number | undefined
  readonly answerTimes: RecordableHistogram
  readonly consumed: number | undefined
  readonly ages: RecordableHistogram
}

export function summarize({ mode, messageSize }: NsqBenchOptions, measured: Measured): Summary {
  const { seconds, published, consumed, answerTimes, ages } = measured
  const messages = (published ?? 0) + (consumed ?? 0)
  return {
    mode,
    seconds: round(seconds),
    message_size: messageSize,
    ...(published === undefined
      ? {}
      : { published: { ...throughput(published, seconds, messageSize), answer_ms: percentiles(answerTimes) } }),
    ...(consumed === undefined ? {} : { consumed: throughput(consumed, seconds, messageSize) }),
    ...(ages.count === 0 || published === undefined ? {} : { latency_ms: percentiles(ages) }),
    own_cpu_us_per_message: messages === 0 ? 0 : round(measured.cpuMicroseconds / messages),
  }
}

/** Lines for people. */
export function describeSummary(summary: Summary): string {
  const { seconds, published, consumed, latency_ms: latency, own_cpu_us_per_message: cpu } = summary
  const lines = [`${summary.mode}: ${seconds} s, messages of ${summary.message_size} bytes`]
  if (published !== undefined)
    lines.push(`  published  ${rate(published)}`, `  answered   ${times(published.answer_ms)}`)
  if (consumed !== undefined) lines.push(`  consumed   ${rate(consumed)}`)
  if (latency !== undefined) lines.push(`  latency    ${times(latency)}`)
  lines.push(`  own CPU    ${cpu} µs a message`)
  return `${lines.join('\n')}\n`
}

function throughput(messages: number, seconds: number, size: number): Throughput {
  return {
    messages,
    messages_per_second: Math.round(messages / seconds),
    megabytes_per_second: round((messages * size) / seconds / 1e6),
  }
}

function percentiles(histogram: RecordableHistogram): Percentiles {
  const ms = (share: number): number => (histogram.count === 0 ? 0 : round(histogram.percentile(share) / 1e6))
  return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: ms(100) }
}

function rate({ messages, messages_per_second: perSecond, megabytes_per_second: megabytes }: Throughput): string {
  return `${messages} messages, ${perSecond}/s, ${megabytes} MB/s`
}

function times({ p50, p90, p99, p999, max }: Percentiles): string {
  const text = (ms: number): string => formatDuration(ms)
  return `50% ${text(p50)}, 90% ${text(p90)}, 99% ${text(p99)}, 99.9% ${text(p999)}, max ${text(max)}`
}

/** To three digits behind the point. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
