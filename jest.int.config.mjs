import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'integration',
  testRegex: '\\.int\\.spec\\.ts$',
  testTimeout: 60_000,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '<rootDir>/e2e/'],
};
