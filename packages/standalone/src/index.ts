/** A real broker inside a test, or any other program. See README.md. */
export { startBroker } from './start-broker.ts'
export type { Broker, BrokerSettings, Endpoint } from './start-broker.ts'
