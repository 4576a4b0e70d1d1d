// Compression, loaded only by those who ask for it.
import { ConnectionError } from '../errors.ts'
import type { ServerFeatures } from './identify.ts'
import type { Layer, LayerEnds } from './layer.ts'
import type { ConnectionSettings } from './options.ts'

/** Makes the layer that was asked for and granted. */
export type CompressionMaker = (ends: LayerEnds, features: ServerFeatures) => Layer

/** @throws {ConnectionError} when what snappy needs is not installed */
export async function loadCompression(
  address: string,
  settings: ConnectionSettings,
): Promise<CompressionMaker | undefined> {
  if (settings.snappy) {
    try {
      const { loadSnappy, SnappyLayer } = await import('./snappy.ts')
      const functions = await loadSnappy()
      return (ends) => new SnappyLayer(ends, functions)
    } catch (error) {
      throw new ConnectionError(address, 'snappy needs the packages snappy and @node-rs/crc32', { cause: error })
    }
  }
  if (settings.deflateLevel === 0) return undefined
  const { DeflateLayer } = await import('./deflate.ts')
  return (ends, features) => new DeflateLayer(ends, features.deflateLevel)
}
