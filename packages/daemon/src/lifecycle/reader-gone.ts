/**
 * Has the process leave at once with 1, without a word, when nobody reads its standard output or error any more:
 * `nsq_peek ... | head`, `nsqd --help 2>&1 | head`. Called once.
 * @param otherwise told of any other failure to write there; without it such an error is one that nobody expected
 */
export function endWithReader(otherwise?: (error: Error) => void): void {
  const failed = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(1)
    if (otherwise === undefined) throw error
    otherwise(error)
  }
  process.stdout.on('error', failed)
  process.stderr.on('error', failed)
}
