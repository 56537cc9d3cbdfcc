import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'unit',
  testRegex: '(?<!\\.int)\\.spec\\.ts$',
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '<rootDir>/e2e/'],
};
