/**
 * Runs one of the project's TypeScript programs on the project's own Node, installing the dependencies first when they
 * are missing or older than the lock file. This file itself runs on whatever Node the machine has (20 or newer), with
 * nothing installed: it is the first thing that `npm start` and `npm test` do in a fresh clone.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', '.bin', 'node');
const [program, ...args] = process.argv.slice(2);

if (!isInstalled()) install();

const child = spawn(
  node,
  ['--conditions=source', '--disable-warning=ExperimentalWarning', join(root, program), ...args],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
  },
);
// The terminal sends Ctrl-C to the whole group: the program gets it and decides when to end. Other signals are passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.once('exit', (code, signal) => process.exit(signal === null ? code : 1));

/** npm writes this file at the end of an installation: a lock file that is newer was changed since. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return (
    existsSync(node) &&
    existsSync(marker) &&
    statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function install() {
  process.stdout.write('Installing dependencies (once, about a minute) ...\n');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status === 0) return;
  process.stderr.write(
    'npm ci failed: the reason is above. It needs npm 10 or newer and the way to the npm registry.\n',
  );
  process.exit(1);
}
