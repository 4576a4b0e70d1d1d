import { BlockList, isIP, isIPv4 } from 'node:net'

/** A range of addresses such as `127.0.0.1/8`. */
export class Cidr {
  readonly #list = new BlockList()
  readonly #family: 'ipv4' | 'ipv6'

  /** @throws {Error} for anything else */
  constructor(text: string) {
    const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
    const version = isIP(address)
    if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) throw new Error(`invalid CIDR address: ${text}`)
    this.#family = version === 4 ? 'ipv4' : 'ipv6'
    this.#list.addSubnet(address, Number(bits), this.#family)
  }

  has(address: string): boolean {
    // The list would find IPv4 addresses in `::/0`; a range is of one family only, as in Go.
    return (isIPv4(address) ? 'ipv4' : 'ipv6') === this.#family && this.#list.check(address, this.#family)
  }
}
