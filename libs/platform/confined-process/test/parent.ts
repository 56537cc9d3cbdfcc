/** Runs an endless process, and says so. */
import { runConfined } from '../src/run-confined.ts';

const endless = {
  program: new URL('./endless-process.ts', import.meta.url),
  sources: () => [import.meta.dirname, `${import.meta.dirname}/../src`],
  timeoutMs: 1_000,
  memoryMb: 64,
};
await runConfined<void, never, string>(endless, () => (message) => void process.stdout.write(message));
