/**
 * Runs one of the project's TypeScript programs on the project's own Node, installing the dependencies first when they
 * are missing or older than the lock file. This file itself runs on whatever Node the machine has (20 or newer), with
 * nothing installed: it is the first thing that `npm start` and `npm test` do in a fresh clone.
 *
 * It ends with the program's exit code (128 and the number of the signal when one ended it), passes signals on, and leaves
 * no child behind when it, or the npm above it, is told to end.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning, processOf, takeLockFile } from './dev/src/process-lock.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const PARENT_CHECK_MS = 500;
const POLL_MS = 200;
/** What npm gets to end in before it is killed. */
const NPM_GRACE_MS = 5_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', '.bin', 'node');
const cache = join(root, '.cache');
const lockFile = join(cache, 'install.lock');
/** Which npm installs: when this process is killed, the next start finds it here and ends it. */
const npmFile = join(cache, 'install-npm.json');
const [program, ...args] = process.argv.slice(2);

/** What a signal is for right now. Until there is something to stop it just ends this process. */
let onSignal = (signal) => process.exit(codeOf(signal));
for (const signal of SIGNALS) process.on(signal, () => onSignal(signal));
endWithParent();

if (!isInstalled()) await install();
await runProgram();

async function runProgram() {
  const child = spawn(
    node,
    ['--conditions=xerotier-source', '--disable-warning=ExperimentalWarning', join(root, program), ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        // Inherited by whatever the program runs; services get theirs from tools/dev. npm ci removes it with its folder.
        NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node-compile-cache'),
        ...process.env,
        PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      },
    },
  );
  // A terminal sends Ctrl-C to the program as well: it hears of it twice, which has to be the same to it as once.
  onSignal = (signal) => child.kill(signal);
  const [code, signal] = await endOf(child);
  process.exit(code ?? codeOf(signal));
}

/** npm writes this file at the end of an installation: a lock file that is newer was changed since. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return (
    existsSync(node) &&
    existsSync(marker) &&
    statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

/** One process at a time: whoever comes meanwhile waits, and finds it done or does it then. */
async function install() {
  await mkdir(cache, { recursive: true });
  let waitsFor;
  for (let holder; (holder = await takeLockFile(lockFile)) !== undefined;) {
    if (holder.pid !== waitsFor) {
      waitsFor = holder.pid;
      process.stdout.write(`Process ${holder.pid} is installing the dependencies: waiting for it ...\n`);
    }
    await sleep(POLL_MS);
  }
  const release = () => rmSync(lockFile, { force: true });
  process.once('exit', release);
  if (!isInstalled()) {
    await endLeftover();
    await runNpm();
  }
  process.off('exit', release);
  release();
}

async function runNpm() {
  process.stdout.write('Installing dependencies (once, about a minute) ...\n');
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: with it, the scripts of packages that npm runs are ended too.
    detached: true,
  });
  if (npm.pid !== undefined) writeFileSync(npmFile, JSON.stringify(processOf(npm.pid)), { mode: 0o600 });
  let interruptedBy;
  onSignal = (signal) => {
    if (npm.pid !== undefined) void endGroup(npm.pid, interruptedBy === undefined ? NPM_GRACE_MS : 0);
    interruptedBy ??= signal;
  };
  const [code] = await endOf(npm).catch((error) => {
    process.stderr.write(`npm cannot be started: ${error.message}\n`);
    return [1];
  });
  // Scripts of packages may outlive npm by a moment.
  if (interruptedBy !== undefined) await endGroup(npm.pid, NPM_GRACE_MS);
  rmSync(npmFile, { force: true });
  if (interruptedBy !== undefined) {
    process.stderr.write('The installation was interrupted: the next start does it again.\n');
    process.exit(codeOf(interruptedBy));
  }
  onSignal = (signal) => process.exit(codeOf(signal));
  if (code === 0) return;
  process.stderr.write(
    'npm ci failed: the reason is above. It needs npm 10 or newer and the way to the npm registry.\n',
  );
  process.exit(1);
}

/** An npm whose bootstrap was killed would go on writing into the folder that is about to be made anew. */
async function endLeftover() {
  try {
    const npm = JSON.parse(readFileSync(npmFile, 'utf8'));
    // Without its leader, what is left of the group are scripts that npm had started.
    if (isRunning(npm) || !isThere(npm.pid)) await endGroup(npm.pid, NPM_GRACE_MS);
  } catch (error) {
    if (error.code !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
  }
}

/** SIGTERM to all of a process group, SIGKILL to what is left after the grace time. Returns when nothing is left. */
async function endGroup(pid, graceMs) {
  const deadline = performance.now() + graceMs;
  for (let signal = graceMs > 0 ? 'SIGTERM' : 'SIGKILL'; signalGroup(pid, signal); signal = 0) {
    if (performance.now() > deadline + NPM_GRACE_MS) return;
    if (performance.now() > deadline) signalGroup(pid, 'SIGKILL');
    await sleep(50);
  }
}

/** Whether there was somebody to get it. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH' || error.code === 'EPERM') return false;
    throw error;
  }
}

function isThere(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * npm passes on SIGINT and SIGTERM only; whatever else ends it must end this too. Scripts in package.json begin with `exec`,
 * so that there is no shell between the two, which would take signals for itself.
 */
function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onSignal('SIGHUP');
  }, PARENT_CHECK_MS);
  timer.unref();
}

function endOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve([code, signal]));
  });
}

function codeOf(signal) {
  return 128 + constants.signals[signal];
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
