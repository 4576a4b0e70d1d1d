// /topic/* and /channel/*: what operators and nsqadmin change. Only this nsqlookupd is told.
import { formatHostPort, HttpError } from '@nsq-ts/daemon'
import type { Logger, Route } from '@nsq-ts/daemon'
import { topicArgument, validChannelArguments, validTopicArgument } from './arguments.ts'
import type { RegistrationDb } from '../registrations/registration-db.ts'

export function registrationRoutes(db: RegistrationDb, logger: Logger): Route[] {
  const post = (path: string, handle: Route['handle']): Route => ({ method: 'POST', path, handle })
  return [
    post('/topic/create', ({ query }) => {
      const topic = validTopicArgument(query)
      logger.info(`DB: adding topic(${topic})`)
      db.createTopic(topic)
    }),
    post('/topic/delete', ({ query }) => {
      const topic = topicArgument(query)
      logger.info(`DB: removing topic(${topic})`)
      db.deleteTopic(topic)
    }),
    post('/topic/tombstone', ({ query }) => {
      const topic = topicArgument(query)
      const node = query.get('node')
      if (node === undefined) throw new HttpError(400, 'MISSING_ARG_NODE')
      logger.info(`DB: setting tombstone for producer@${node} of topic(${topic})`)
      db.tombstone(topic, ({ broadcastAddress, httpPort }) => {
        // nsqadmin puts an IPv6 address in brackets, the original compares without them.
        return node === `${broadcastAddress}:${httpPort}` || node === formatHostPort(broadcastAddress, httpPort)
      })
    }),
    post('/channel/create', ({ query }) => {
      const { topic, channel } = validChannelArguments(query)
      logger.info(`DB: adding channel(${channel}) in topic(${topic})`)
      db.createChannel(topic, channel)
    }),
    post('/channel/delete', ({ query }) => {
      const { topic, channel } = validChannelArguments(query)
      if (!db.deleteChannel(topic, channel)) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
      logger.info(`DB: removing channel(${channel}) from topic(${topic})`)
    }),
  ]
}
