// nsq_to_http: a request for each message.
import { VERSION } from '@nsq-ts/daemon'
import type { Mode } from '../destinations/chooser.ts'
import { makeChooser } from '../destinations/make-chooser.ts'
import { Timings } from '../destinations/timings.ts'
import type { Tool } from '../program/run-tool.ts'
import { openConsumer } from '../source/open-consumer.ts'
import { runConsumer } from '../source/run-consumer.ts'
import { Endpoint } from './endpoint.ts'
import { Forwarder } from './forwarder.ts'
import { mergeHeaders, parseHeaders } from './headers.ts'
import { checkNsqToHttpOptions, nsqToHttpTable } from './options.ts'
import type { NsqToHttpOptions } from './options.ts'
import { fillUrl } from './url-template.ts'

const NAME = 'nsq_to_http'

export const nsqToHttp: Tool<typeof nsqToHttpTable> = {
  name: NAME,
  table: nsqToHttpTable,
  examples: [
    {
      what: 'each order to a web service, and to another one while that is down',
      command:
        'nsq_to_http --nsqd-tcp-address=127.0.0.1:4150 --topic=orders --post=http://10.0.0.1/orders --post=http://10.0.0.2/orders',
    },
    {
      what: 'one click in ten as a GET request',
      command:
        "nsq_to_http --lookupd-http-address=127.0.0.1:4161 --topic=clicks --sample=0.1 --get='http://10.0.0.1/count?click=%s'",
    },
  ],
  async run({ options, log, stop }) {
    checkNsqToHttpOptions(options)
    const { topic, channel, mode, concurrency, sample, statusEvery } = options
    const consumer = openConsumer({ tool: NAME, topic, channel }, options, log)
    const addresses = [...options.get, ...options.post]
    const endpoints = makeEndpoints(options)
    const forwarder = new Forwarder({
      endpoints,
      addresses,
      chooser: makeChooser(mode as Mode, addresses.length),
      sample,
      timings: new Timings(addresses, statusEvery, log),
      log,
    })
    await runConsumer(consumer, stop, (message) => forwarder.forward(message), { concurrency, manual: true })
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
  },
}

function makeEndpoints(options: NsqToHttpOptions): Endpoint[] {
  const { get, post, mode, connectTimeoutMs, requestTimeoutMs } = options
  const defaults = {
    'User-Agent': `${NAME} v${VERSION}`,
    ...(post.length > 0 ? { 'Content-Type': options.contentType } : {}),
    'Accept-Encoding': 'gzip',
  }
  const shared = { headers: mergeHeaders(defaults, parseHeaders(options.header)), connectTimeoutMs, requestTimeoutMs }
  // An endpoint that hangs holds its own share of the requests, and leaves the others theirs.
  const atOnce = Math.min(options.concurrency, Math.max(1, options.maxInFlight))
  const isShared = mode !== 'all' && mode !== 'multicast'
  const requestsMax = isShared ? Math.ceil(atOnce / (get.length + post.length)) : atOnce
  return [
    ...get.map((template) => {
      return new Endpoint({ ...shared, method: 'GET', requestsMax, url: (body) => fillUrl(template, body) })
    }),
    ...post.map((address) => new Endpoint({ ...shared, method: 'POST', requestsMax, url: () => address })),
  ]
}
