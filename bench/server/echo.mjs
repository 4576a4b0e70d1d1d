// The floor for a request and its answer on Node: whatever comes is answered with the bytes of an OK. What a PUB costs here
// is system calls and Node, none of it a broker's doing.
import http from 'node:http'
import net from 'node:net'

const OK_FRAME = Buffer.from([0, 0, 0, 6, 0, 0, 0, 0, 0x4f, 0x4b])

const echo = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('data', () => socket.write(OK_FRAME))
})
echo.listen(portOf('--tcp-address='), '127.0.0.1')
http.createServer((_, response) => response.end('OK')).listen(portOf('--http-address='), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))

function portOf(flag) {
  return Number(
    process.argv
      .find((argument) => argument.startsWith(flag))
      .split(':')
      .pop(),
  )
}
