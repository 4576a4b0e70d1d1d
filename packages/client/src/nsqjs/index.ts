// The surface of nsqjs 0.13 on this client: a program moves over by changing one import. docs/migrating-from-nsqjs.md says
// where it behaves better, and how to go on from there.
export type { ConnectionConfigOptions, ReaderConnectionConfigOptions } from './config.ts'
export { Message } from './message.ts'
export { Reader } from './reader.ts'
export { Writer } from './writer.ts'
export type { Publishable, PublishCallback } from './writer.ts'
