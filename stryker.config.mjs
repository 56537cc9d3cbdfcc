/**
 * Mutation testing: do the unit tests notice when a line of these files changes? Only files without I/O whose rules are
 * held by unit specs alone belong here. Stryker works on a copy of the checkout, and imports of other workspace packages
 * stay unmutated.
 */
export default {
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  jest: { configFile: 'jest.config.mjs' },
  coverageAnalysis: 'perTest',
  // A mutant of a module's top level would need a fresh process for each test.
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  mutate: [
    'apps/auth/src/attempts/network.ts',
    'apps/auth/src/audit/chain-verifier.ts',
    'apps/auth/src/tiers/token-cost.ts',
    'apps/auth/src/usage-reports/reconciliation.ts',
    'apps/gateway/src/access/allowed-addresses.ts',
    'apps/gateway/src/access/bearer-key.ts',
    'apps/gateway/src/access/principal.ts',
    'apps/gateway/src/rate-limits/rate-limit-headers.ts',
    'apps/gateway/src/rate-limits/request-cost.ts',
    'apps/gateway/src/sessions/own-site.ts',
    'apps/gateway/src/sessions/session-token.ts',
    'apps/router/src/placement/least-loaded.policy.ts',
    'apps/xim/src/engines/stop-matcher.ts',
    'apps/xim/src/health/failure-window.ts',
    'libs/contracts/src/xim/embedding-frames.ts',
    'libs/domain/inference/src/retry-budget.ts',
    'libs/platform/in-flight/src/in-flight-map.ts',
    'libs/platform/in-flight/src/in-flight-set.ts',
    'libs/platform/sealing/src/seal.ts',
  ],
  ignorePatterns: ['/.cache', '/.xerotier', '.nx', 'dist', '/docs', '/e2e', '/tools/bundled-models'],
  tempDirName: '.cache/stryker',
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { logTests: false, reportTests: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  // Some mutants are equivalent; what is below this is a hole.
  thresholds: { high: 95, low: 90, break: 85 },
};
