import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'integration',
  // A quarter of their time is waiting.
  maxWorkers: 3,
  testRegex: '\\.int\\.spec\\.ts$',
  testTimeout: 60_000,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '<rootDir>/e2e/'],
};
