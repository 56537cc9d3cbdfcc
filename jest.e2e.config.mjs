import { base } from './jest.config.base.mjs';

export default {
  ...base,
  displayName: 'e2e',
  testRegex: 'e2e/.*\\.e2e\\.ts$',
  testTimeout: 120_000,
  maxWorkers: 1,
  // Our own packages are found by the condition `source`; these two of others have it as well, for TypeScript that jest leaves alone.
  moduleNameMapper: {
    '^(eventsource|eventsource-parser)$': '<rootDir>/node_modules/$1/dist/index.js',
    '^(eventsource-parser)/(stream)$': '<rootDir>/node_modules/$1/dist/$2.js',
  },
};
