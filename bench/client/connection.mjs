import net from 'node:net'

/** Frame types of the V2 protocol. */
export const FRAME = { response: 0, error: 1, message: 2 }

const HEADER_SIZE = 8
const SIZE_FIELD_SIZE = 4

export const IDENTIFY = command(
  'IDENTIFY',
  Buffer.from(
    JSON.stringify({
      client_id: 'bench',
      hostname: 'bench',
      feature_negotiation: true,
      heartbeat_interval: 60_000,
      user_agent: 'bench/1',
    }),
  ),
)

/** `PUB topic\n` + size + body, or a bare line. */
export function command(line, body) {
  if (body === undefined) return Buffer.from(`${line}\n`)
  return Buffer.concat([Buffer.from(`${line}\n`), int32(body.length), body])
}

export function mpub(topic, bodies) {
  const parts = bodies.flatMap((body) => [int32(body.length), body])
  return command(`MPUB ${topic}`, Buffer.concat([int32(bodies.length), ...parts]))
}

/**
 * Connects to an nsqd and says `  V2`. Frames are handed over in place, without copying: `onFrame(type, buffer, start, end)` has
 * the data of one, `onTurn()` comes after all frames of a read. Heartbeats are answered here; an error frame ends in `onError`.
 * @returns {Promise<net.Socket>}
 */
export function connect(port, { onFrame, onTurn = () => {}, onError }) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  const handle = (type, buffer, start, end) => {
    if (type === FRAME.error) onError(new Error(buffer.latin1Slice(start, end)))
    else if (type === FRAME.response && isHeartbeat(buffer, start, end)) socket.write('NOP\n')
    else onFrame(type, buffer, start, end)
  }
  let rest = null
  socket.on('data', (chunk) => {
    rest = splitFrames(rest === null ? chunk : Buffer.concat([rest, chunk]), handle)
    onTurn()
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', onError)
      socket.write('  V2')
      resolve(socket)
    })
  })
}

/** @returns what is left of the last, unfinished frame; null if nothing is */
function splitFrames(buffer, handle) {
  let at = 0
  while (buffer.length - at >= HEADER_SIZE) {
    const end = at + SIZE_FIELD_SIZE + buffer.readInt32BE(at)
    if (end > buffer.length) break
    handle(buffer.readInt32BE(at + SIZE_FIELD_SIZE), buffer, at + HEADER_SIZE, end)
    at = end
  }
  return at < buffer.length ? buffer.subarray(at) : null
}

function isHeartbeat(buffer, start, end) {
  return end - start === 11 && buffer.latin1Slice(start, end) === '_heartbeat_'
}

function int32(value) {
  const bytes = Buffer.alloc(SIZE_FIELD_SIZE)
  bytes.writeInt32BE(value)
  return bytes
}
