// Which node gets which publish. Those of one turn go to one node, together; the next turn's to the next node that is open and
// has room. A publish that failed somewhere goes somewhere else if it can; copies of one publish go to different nodes.
import { Fifo } from '../fifo.ts'
import type { ProducerNode } from './producer-node.ts'
import type { Publish } from './publish.ts'

export class Router {
  readonly #makeNode: (address: string) => ProducerNode
  readonly #nodes = new Map<string, ProducerNode>()
  readonly #queue = new Fifo<Publish>()
  #static: ReadonlySet<string> = new Set()
  #discovered: ReadonlySet<string> = new Set()
  /** Turns the order of the nodes. */
  #turn = 0
  #purgeAt = PURGE_SIZE

  /** @param makeNode makes a node, started if the producer is */
  constructor(makeNode: (address: string) => ProducerNode) {
    this.#makeNode = makeNode
  }

  get nodes(): ProducerNode[] {
    return [...this.#nodes.values()]
  }

  get isAnyOpen(): boolean {
    return this.nodes.some((node) => node.isOpen)
  }

  /** True when nothing that was sent waits for its answer. */
  get isAllAnswered(): boolean {
    for (const node of this.#nodes.values()) if (node.hasUnanswered) return false
    return true
  }

  setStatic(addresses: readonly string[]): void {
    this.#static = new Set(addresses)
    this.#addNodes(addresses)
  }

  /** Those that are open stay even when they are not listed any more; they go when they break. */
  setDiscovered(addresses: readonly string[]): void {
    this.#discovered = new Set(addresses)
    this.#addNodes(addresses)
    for (const node of this.nodes) this.onDown(node)
  }

  /** Forgets a node that is down and that nobody lists any more. */
  onDown(node: ProducerNode): void {
    if (node.isOpen || this.#static.has(node.address) || this.#discovered.has(node.address)) return
    this.#nodes.delete(node.address)
    void node.close()
  }

  add(publish: Publish): void {
    this.#queue.push(publish)
    if (this.#queue.size >= this.#purgeAt) this.#purge()
  }

  /** Takes back what was handed to `node` and certainly not stored there, to be sent before everything else. */
  putBack(node: ProducerNode, publishes: readonly Publish[]): void {
    for (const publish of publishes) publish.group?.nodes.delete(node)
    this.#queue.unshift(publishes)
  }

  waiting(): Iterable<Publish> {
    return this.#queue
  }

  /** Hands out what waits, as far as there are nodes for it. */
  dispatch(): void {
    if (this.#queue.size === 0) return
    const nodes = this.#openNodes()
    if (nodes.length === 0) return
    const runs = new Map<ProducerNode, Publish[]>()
    const kept: Publish[] = []
    for (let count = this.#queue.size; count > 0; count--) {
      const publish = this.#queue.shift()!
      if (publish.isSettled) continue
      const node = nodeFor(publish, nodes)
      if (node === undefined) {
        kept.push(publish)
        continue
      }
      publish.group?.nodes.add(node)
      const run = runs.get(node)
      if (run === undefined) runs.set(node, [publish])
      else run.push(publish)
      // A node is asked now and then whether it has had enough; what is over waits for its answers.
      if (run !== undefined && run.length >= RUN_LENGTH_MAX) {
        runs.delete(node)
        node.send(run)
        if (!node.hasRoom) nodes.splice(nodes.indexOf(node), 1)
        if (nodes.length === 0) break
      }
    }
    for (const [node, run] of runs) node.send(run)
    this.#queue.unshift(kept)
  }

  /** While no node is open, those that timed out would pile up. */
  #purge(): void {
    for (const publish of this.#queue.drain()) if (!publish.isSettled) this.#queue.push(publish)
    this.#purgeAt = Math.max(PURGE_SIZE, 2 * this.#queue.size)
  }

  #openNodes(): ProducerNode[] {
    const open = this.nodes.filter((node) => node.hasRoom)
    const first = this.#turn++ % Math.max(1, open.length)
    return [...open.slice(first), ...open.slice(0, first)]
  }

  #addNodes(addresses: readonly string[]): void {
    for (const address of addresses) {
      if (!this.#nodes.has(address)) this.#nodes.set(address, this.#makeNode(address))
    }
  }
}

const PURGE_SIZE = 4096
/** Publishes handed to a node in one go. */
const RUN_LENGTH_MAX = 4000

function nodeFor(publish: Publish, nodes: readonly ProducerNode[]): ProducerNode | undefined {
  const { failedAt, group, extra } = publish
  if (extra !== undefined) nodes = extra.nodesFor(publish, nodes)
  if (failedAt === undefined && group === undefined) return nodes[0]
  const allowed = group === undefined ? nodes : nodes.filter((node) => !group.nodes.has(node))
  return allowed.find((node) => failedAt?.has(node) !== true) ?? allowed[0]
}
