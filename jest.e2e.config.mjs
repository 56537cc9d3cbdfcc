import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'e2e',
  testRegex: 'e2e/.*\\.e2e\\.ts$',
  testTimeout: 120_000,
  globalSetup: '<rootDir>/e2e/support/shared-services/global-setup.mjs',
  // Most of them wait for processes. A third one delays heartbeats on two cores.
  maxWorkers: 2,
  testSequencer: '<rootDir>/e2e/support/shared-services/slow-first-sequencer.mjs',
  globalTeardown: '<rootDir>/e2e/support/shared-services/global-teardown.mjs',
};
