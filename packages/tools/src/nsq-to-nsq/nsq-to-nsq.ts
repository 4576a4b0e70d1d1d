// nsq_to_nsq: messages of topics into other nsqds.
import type { Mode } from '../destinations/chooser.ts'
import { makeChooser } from '../destinations/make-chooser.ts'
import { NsqdDestination } from '../destinations/nsqd-destination.ts'
import { Timings } from '../destinations/timings.ts'
import type { Tool } from '../program/run-tool.ts'
import { openConsumer } from '../source/open-consumer.ts'
import { runConsumer } from '../source/run-consumer.ts'
import { Forwarder } from './forwarder.ts'
import { JsonFilter } from './json-filter.ts'
import { checkNsqToNsqOptions, nsqToNsqTable } from './options.ts'

const NAME = 'nsq_to_nsq'

export const nsqToNsq: Tool<typeof nsqToNsqTable> = {
  name: NAME,
  table: nsqToNsqTable,
  examples: [
    {
      what: 'all orders to another data centre',
      command:
        'nsq_to_nsq --lookupd-http-address=127.0.0.1:4161 --topic=orders --destination-nsqd-tcp-address=10.0.0.1:4150',
    },
    {
      what: 'of paid orders their number, to one of two nsqds, as another topic',
      command:
        'nsq_to_nsq --nsqd-tcp-address=127.0.0.1:4150 --topic=orders --require-json-field=state --require-json-value=paid --whitelist-json-field=id --destination-topic=paid --destination-nsqd-tcp-address=10.0.0.1:4150 --destination-nsqd-tcp-address=10.0.0.2:4150',
    },
  ],
  async run({ options, log, stop }) {
    checkNsqToNsqOptions(options)
    const { channel, destinationTopic, destinationNsqdTcpAddress: addresses, mode, producerOpt, statusEvery } = options
    const destinations = addresses.map((address) => new NsqdDestination(NAME, address, producerOpt, log))
    const forwarder = new Forwarder({
      destinations,
      chooser: makeChooser(mode as Mode, addresses.length),
      filter: new JsonFilter(options),
      undecodableTopic: options.undecodableTopic,
      timings: new Timings(addresses, statusEvery, log),
      log,
    })
    await Promise.all(
      options.topic.map((topic) => {
        const to = destinationTopic === '' ? topic : destinationTopic
        const consumer = openConsumer({ tool: NAME, topic, channel }, options, log)
        const forward = (message: Parameters<Forwarder['forward']>[0]): void => forwarder.forward(message, to)
        return runConsumer(consumer, stop, forward, { concurrency: Infinity, manual: true })
      }),
    )
    await Promise.all(destinations.map((destination) => destination.close()))
  },
}
