import { stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Logger } from '@nsq-ts/daemon'
import { loadServerMaterial, type TlsFileOptions } from './material.ts'

/** How often the files are looked at. A certificate is renewed days ahead of its end, so this is soon enough. */
const CHECK_INTERVAL_MS = 5000

/** `any`: a client must show a certificate, whoever signed it; `verified`: one that we trust. */
export type ClientCertificate = 'none' | 'any' | 'verified'

export interface ServerTlsOptions extends TlsFileOptions {
  readonly tlsClientAuthPolicy: string
}

/**
 * The server's certificate as it is now: read again when its files change or `reload` is called. Connections that are open
 * keep what they began with. Files that do not fit together, as in the middle of a renewal, change nothing.
 */
export class ServerTls {
  readonly clientCertificate: ClientCertificate
  readonly #options: ServerTlsOptions
  readonly #logger: Logger
  readonly #onRenewed: ((material: SecureContextOptions) => void)[] = []
  #material: SecureContextOptions
  #context: SecureContext
  #seen = ''
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** @returns undefined without certificate and key @throws {Error} as loadServerMaterial */
  static load(options: ServerTlsOptions, logger: Logger): ServerTls | undefined {
    const material = loadServerMaterial(options)
    return material === undefined ? undefined : new ServerTls(options, logger, material)
  }

  private constructor(options: ServerTlsOptions, logger: Logger, material: SecureContextOptions) {
    this.#options = options
    this.#logger = logger
    this.#material = material
    this.#context = createSecureContext(material)
    this.clientCertificate = clientCertificateOf(options.tlsClientAuthPolicy)
  }

  /** For the next connection. */
  get context(): SecureContext {
    return this.#context
  }

  get material(): SecureContextOptions {
    return this.#material
  }

  /** Calls `renewed` with each new material; for servers of node's own, which keep a context themselves. */
  listen(renewed: (material: SecureContextOptions) => void): void {
    this.#onRenewed.push(renewed)
  }

  /** Reads the files again, now. What cannot be used is logged, and the old material stays. */
  reload(): void {
    try {
      const material = loadServerMaterial(this.#options)
      if (material === undefined) return
      this.#context = createSecureContext(material)
      this.#material = material
      for (const renewed of this.#onRenewed) renewed(material)
      this.#logger.info(`TLS: certificate loaded from ${this.#options.tlsCert}`)
    } catch (error) {
      this.#logger.error(`TLS: the certificate was not reloaded, the old one stays - ${(error as Error).message}`)
    }
  }

  /** Looks at the files from time to time, and reloads them when one has changed; until `close`. */
  async watch(intervalMs: number = CHECK_INTERVAL_MS): Promise<void> {
    this.#seen = await this.#look()
    if (this.#closed) return
    this.#timer = setInterval(() => void this.#check(), intervalMs)
    this.#timer.unref()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    const now = await this.#look()
    if (now === this.#seen || this.#closed) return
    this.#seen = now
    this.reload()
  }

  /** What the files are, without reading them. Through links: a mounted secret is renewed by moving one. */
  async #look(): Promise<string> {
    const { tlsCert, tlsKey, tlsRootCaFile } = this.#options
    const files = [tlsCert, tlsKey, tlsRootCaFile].filter((file) => file !== '')
    const states = files.map(async (file) => {
      try {
        const { ino, mtimeMs, size } = await stat(file)
        return `${ino} ${mtimeMs} ${size}`
      } catch {
        return 'away' // it may come back; until then the old material serves
      }
    })
    return (await Promise.all(states)).join()
  }
}

/** Any other word asks for no certificate; it still makes TLS required (check-options.ts). */
function clientCertificateOf(policy: string): ClientCertificate {
  switch (policy) {
    case 'require':
      return 'any'
    case 'require-verify':
      return 'verified'
    default:
      return 'none'
  }
}
