import zlib from 'node:zlib'
import compress from '@fastify/compress'
import type { FastifyInstance, onSendHookHandler } from 'fastify'

// `deflate` without zlib's frame, as the original sends it; browsers and curl read both.
const rawDeflate = { ...zlib, createDeflate: zlib.createDeflateRaw, deflateSync: zlib.deflateRawSync }

/** Answers are compressed for those who ask for gzip or deflate (nsqadmin.md, section 4). Event streams are not. */
export async function compressAnswers(app: FastifyInstance): Promise<void> {
  await app.register(compress, {
    encodings: ['gzip', 'deflate'],
    threshold: 0, // as the original: also the shortest
    customTypes: /^(?!text\/event-stream|image\/|font\/)/,
    globalDecompression: false,
    zlib: rawDeflate,
  })
  app.addHook('onRoute', (route) => {
    route.onSend = [route.onSend ?? []].flat().concat(spellVary)
  })
}

/** The library writes `accept-encoding`; the original spells it as the header is. */
const spellVary: onSendHookHandler = (_request, reply, payload, done) => {
  if (reply.getHeader('vary') === 'accept-encoding') void reply.header('Vary', 'Accept-Encoding')
  done(null, payload)
}
