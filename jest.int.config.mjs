import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'integration',
  // Half of their time is waiting.
  maxWorkers: 4,
  testRegex: '\\.int\\.spec\\.ts$',
  testTimeout: 60_000,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '<rootDir>/e2e/'],
};
