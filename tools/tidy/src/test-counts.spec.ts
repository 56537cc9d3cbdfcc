import { add, countsOf } from './test-counts.ts';

const report = (counts: object): string =>
  JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, testResults: [], ...counts });

describe('countsOf', () => {
  it('counts passed and failed tests', () => {
    expect(countsOf(report({ numPassedTests: 3, numFailedTests: 2 }), 1)).toEqual({ passed: 3, failed: 2 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    expect(countsOf(report({ numPassedTests: 3, numRuntimeErrorTestSuites: 1 }), 1)).toEqual({ passed: 3, failed: 1 });
  });

  it('counts a run without a report, or with an error outside of tests, as a failure', () => {
    expect(countsOf(undefined, 0)).toEqual({ passed: 0, failed: 1 });
    expect(countsOf(report({ numPassedTests: 3 }), 1)).toEqual({ passed: 3, failed: 1 });
  });

  it('is zero for a suite without tests, which the caller must treat as a failure', () => {
    expect(countsOf(report({}), 0)).toEqual({ passed: 0, failed: 0 });
    expect(add({ passed: 1, failed: 2 }, { passed: 3, failed: 4 })).toEqual({ passed: 4, failed: 6 });
  });
});
