import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));

// For the processes that tests start, and those that jest runs tests in. `npm test` sets it itself (tools/bootstrap.mjs).
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'node-compile-cache');

/**
 * The one jest configuration; each suite adds what it runs. Sources are loaded as they are (TypeScript,
 * ESM) through swc.
 */
export const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { ...swc, swcrc: false }],
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/\\.xerotier/', '<rootDir>/\\.cache/'],
  maxWorkers: 2,
};
