/** Tries to reach what the check must not reach, and tells its parent what happened, as the architecture of a model. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const attempts: Readonly<Record<string, () => unknown>> = {
  read: () => readFileSync('/etc/hostname'),
  list: () => readdirSync('/'),
  write: () => writeFileSync('/tmp/xerotier-curious', ''),
  execute: () => execFileSync(process.execPath, ['--version']),
  thread: () => new Worker('', { eval: true }),
  evaluate: () => eval('1') as unknown,
  environment: () => {
    // eslint-disable-next-line no-restricted-properties -- the test is that there is none
    const names = Object.keys(process.env).filter((name) => !name.startsWith('NODE_CHANNEL'));
    if (names.length > 0) return names;
    throw new Error('empty');
  },
};

process.on('message', () => {
  const results = Object.entries(attempts).map(([name, attempt]) => {
    try {
      return `${name}: ${String(attempt())}`;
    } catch {
      return `${name}: no`;
    }
  });
  process.send?.({ type: 'accepted', facts: { architecture: results.join(', ') } });
});
