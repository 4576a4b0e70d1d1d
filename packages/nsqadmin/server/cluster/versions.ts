import semver from 'semver'
import type { Producer } from './producer.ts'

/** Marks every node for which a newer version runs elsewhere in the cluster; a version that cannot be read counts as 0.0.0. */
export function markOutOfDate(producers: readonly Producer[]): void {
  const versions = producers.map((producer) => semver.parse(producer.version) ?? new semver.SemVer('0.0.0'))
  const newest = versions.reduce((a, b) => (semver.gt(b, a) ? b : a), new semver.SemVer('0.0.0'))
  for (const [index, producer] of producers.entries()) {
    producer.out_of_date = semver.lt(versions[index] ?? newest, newest)
  }
}
