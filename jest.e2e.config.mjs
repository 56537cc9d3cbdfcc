import { base } from './jest.config.base.mjs';

export default { ...base, displayName: 'e2e', testRegex: 'e2e/.*\\.e2e\\.ts$', testTimeout: 120_000, maxWorkers: 1 };
