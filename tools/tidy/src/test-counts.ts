/** Test counts of a jest run, from its JSON report. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: unknown[] }[];
}

/** Counts the tests of a run: a file that failed to load counts as one failure, and so does a missing report. */
export function countsOf(report: string | undefined, exitCode: number): Counts {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(report) as JestReport;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  // jest may fail for other reasons (open handles, coverage): that counts as a failure too.
  return { passed: numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed };
}
