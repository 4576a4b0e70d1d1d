// The last line of a test run in a form that any script can read: `N passed, N failed, N skipped`.
export default class PlainReporter {
  onTestRunEnd(modules) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++
      // A file that does not even load has no tests, and must not pass for that.
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) count.failed++
    }
    console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`)
  }
}
