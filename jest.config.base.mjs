import { join } from 'node:path';

// For the processes that tests start, and those that jest runs tests in. `npm test` sets it itself (tools/bootstrap.mjs).
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'node-compile-cache');

/** The one jest configuration; each suite adds what it runs. */
export const base = {
  rootDir: import.meta.dirname,
  testEnvironment: '<rootDir>/tools/jest/node-environment.mjs',
  runtime: '<rootDir>/tools/jest/native-runtime.mjs',
  // The runtime compiles what needs it.
  transform: {},
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/\\.xerotier/', '<rootDir>/\\.cache/'],
  maxWorkers: 2,
};
