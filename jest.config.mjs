import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'unit',
  testRegex: '(?<!\\.int)\\.spec\\.ts$',
  // Specs that start programs of their own take seconds on a machine that does other things meanwhile.
  testTimeout: 60_000,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '<rootDir>/e2e/'],
};
