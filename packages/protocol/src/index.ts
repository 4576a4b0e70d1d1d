// NSQ's wire protocol: bytes to commands, frames and messages, and back; names; error codes. No sockets, no clock.
export {
  auth,
  CLS,
  dpub,
  fin,
  FIN_SIZE,
  identify,
  MAGIC_V1,
  MAGIC_V2,
  mpub,
  NOP,
  PING,
  pub,
  rdy,
  register,
  req,
  sub,
  touch,
  unregister,
  writeFin,
} from './commands.ts'
export { CommandReader, LINE_SIZE_MAX } from './command-reader.ts'
export type { CommandHandler } from './command-reader.ts'
export { Command, indexOfSpace, parseDecimal, readCommand } from './command-words.ts'
export { encodeDepthHint, readDepthHint } from './depth-hint.ts'
export { ERROR_CODES, FrameError, isFatalCode, LineTooLongError, ProtocolError } from './errors.ts'
export type { ErrorCode } from './errors.ts'
export { FrameDecoder, LookupAnswerDecoder } from './frame-decoder.ts'
export type { FrameHandler, LookupAnswerHandler } from './frame-decoder.ts'
export {
  CLOSE_WAIT_FRAME,
  encodeErrorFrame,
  encodeFrame,
  encodeLookupAnswer,
  FRAME_HEADER_SIZE,
  FRAME_TYPE_SIZE,
  FrameType,
  HEARTBEAT_FRAME,
  OK_FRAME,
  SIZE_FIELD_SIZE,
  writeFrameHeader,
} from './frames.ts'
export { readIdentifyBody } from './identify-body.ts'
export type { IdentifyFieldType } from './identify-body.ts'
export {
  decodeMessage,
  encodeMessage,
  MESSAGE_ATTEMPTS_OFFSET,
  MESSAGE_BODY_OFFSET,
  MESSAGE_HEADER_SIZE,
  MESSAGE_ID_OFFSET,
  MESSAGE_TIMESTAMP_OFFSET,
} from './message.ts'
export type { WireMessage } from './message.ts'
export {
  describeMessageId,
  formatMessageId,
  MESSAGE_ID_EPOCH,
  MESSAGE_ID_SIZE,
  parseIdHi,
  parseIdLo,
  writeMessageId,
} from './message-id.ts'
export type { MessageIdParts } from './message-id.ts'
export {
  EPHEMERAL_SUFFIX,
  isEphemeral,
  isValidChannelName,
  isValidTopicName,
  NAME_SIZE_MAX,
  quoteName,
} from './names.ts'
