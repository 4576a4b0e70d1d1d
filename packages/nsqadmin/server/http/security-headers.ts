import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * The page may load nothing but what this server has, run no script that is not a file of it, and be shown in no frame. A style
 * that its libraries add while it runs needs the nonce of this very answer (`reply.cspNonce.style`).
 * @param graphite where graphs come from, if browsers ask it directly
 */
export async function setSecurityHeaders(app: FastifyInstance, graphite: string | undefined): Promise<void> {
  const self = ["'self'"]
  await app.register(helmet, {
    enableCSPNonces: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: [...self, 'data:', ...(graphite === undefined ? [] : [graphite])],
        fontSrc: self,
        connectSrc: self,
        manifestSrc: self,
        baseUri: self,
        formAction: self,
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false, // whether a site is HTTPS for good is for the proxy to say that makes it HTTPS
    crossOriginOpenerPolicy: false, // browsers ignore it, with a warning, where there is no HTTPS
    originAgentCluster: false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'same-origin' },
  })
}
