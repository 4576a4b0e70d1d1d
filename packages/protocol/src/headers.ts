// Publishes with headers and times, as a client writes them (docs/protocol-extensions.md). A door of its own, as what reads them is
// (`@nsq-ts/protocol/headed`): a client loads this with its first header, and need not have it before.
export { hmpub, hpub } from './headed-commands.ts'
export type { HeadedBody, PublishTime } from './headed-commands.ts'
export {
  encodeHeaders,
  HEADER_COUNT_MAX,
  HEADER_NAME_SIZE_MAX,
  headersFault,
  RESERVED_HEADER_PREFIX,
  writePiece,
} from './message-headers.ts'
export type { MessageHeaders } from './message-headers.ts'
