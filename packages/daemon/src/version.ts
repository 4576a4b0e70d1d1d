/** The NSQ version whose behaviour this is: what `/info`, IDENTIFY and `--version` report, and clients parse as semver. */
export const VERSION = '1.3.0'

/** The version of nsq-ts itself; shown inside the parentheses of the version line, where nobody parses. */
export const BUILD_VERSION = '0.1.0'

/** `nsqd v1.3.0 (built w/nsq-ts-0.1.0 node-v20.20.2)`: the answer to `--version` and the first log line of a daemon. */
export function versionLine(program: string): string {
  return `${program} v${VERSION} (built w/nsq-ts-${BUILD_VERSION} node-${process.version})`
}
