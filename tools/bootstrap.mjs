/**
 * Runs a TypeScript program of the project on the project's own Node, after installing missing or outdated
 * dependencies. This file itself runs on whatever Node the machine has (20 or newer), without dependencies: it is the
 * first step of `npm start` and `npm test` in a fresh clone.
 *
 * It exits with the program's exit code (128 plus the signal number after a signal), forwards signals, and leaves no
 * child process behind when it, or npm above it, is terminated.
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
/** How long npm may take to exit before it is killed. */
const NPM_GRACE_MS = 5_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', '.bin', 'node');
const cache = join(root, '.cache');
const lockFile = join(cache, 'install.lock');
/** The running npm: after this process was killed, the next start finds it here and terminates it. */
const npmFile = join(cache, 'install-npm.json');
const [program, ...args] = process.argv.slice(2);

/** The current signal handler. By default a signal ends this process. */
let onSignal = (signal) => process.exit(codeOf(signal));
for (const signal of SIGNALS) process.on(signal, () => onSignal(signal));
endWithParent();

if (!isInstalled()) await install();
await runProgram();

async function runProgram() {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, program), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: {
      // Inherited by whatever the program runs; services get theirs from tools/dev. npm ci removes it with its folder.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node-compile-cache'),
      ...process.env,
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
    },
  });
  // A terminal sends Ctrl-C to the program as well: the program must tolerate receiving it twice.
  onSignal = (signal) => child.kill(signal);
  const [code, signal] = await endOf(child);
  process.exit(code ?? codeOf(signal));
}

/** npm writes this file at the end of an installation: a newer lock file was changed since. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return (
    existsSync(node) &&
    existsSync(marker) &&
    statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

/** One process installs at a time: others wait, and continue when it is done. */
async function install() {
  await mkdir(cache, { recursive: true });
  let waitingFor;
  for (let holder; (holder = await takeLockFile(lockFile)) !== undefined;) {
    if (holder.pid !== waitingFor) {
      waitingFor = holder.pid;
      process.stdout.write(`Process ${holder.pid} is installing the dependencies, waiting ...\n`);
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
    // Its own process group, so that the scripts of packages can be terminated with it.
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
  // Scripts of packages may outlive npm for a moment.
  if (interruptedBy !== undefined) await endGroup(npm.pid, NPM_GRACE_MS);
  rmSync(npmFile, { force: true });
  if (interruptedBy !== undefined) {
    process.stderr.write('The installation was interrupted; the next start repeats it.\n');
    process.exit(codeOf(interruptedBy));
  }
  onSignal = (signal) => process.exit(codeOf(signal));
  if (code === 0) return;
  process.stderr.write('npm ci failed; see above. It requires npm 10 or newer and access to the npm registry.\n');
  process.exit(1);
}

/** An npm whose bootstrap was killed would continue to write into the folder that is about to be recreated. */
async function endLeftover() {
  try {
    const npm = JSON.parse(readFileSync(npmFile, 'utf8'));
    // Without its leader, the rest of the group are scripts that npm started.
    if (isRunning(npm) || !exists(npm.pid)) await endGroup(npm.pid, NPM_GRACE_MS);
  } catch (error) {
    if (error.code !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
  }
}

/** Sends SIGTERM to a process group, and SIGKILL after the grace period. Resolves when no process is left. */
async function endGroup(pid, graceMs) {
  const deadline = performance.now() + graceMs;
  for (let signal = graceMs > 0 ? 'SIGTERM' : 'SIGKILL'; signalGroup(pid, signal); signal = 0) {
    if (performance.now() > deadline + NPM_GRACE_MS) return;
    if (performance.now() > deadline) signalGroup(pid, 'SIGKILL');
    await sleep(50);
  }
}

/** Returns whether a process received the signal. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH' || error.code === 'EPERM') return false;
    throw error;
  }
}

function exists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * npm forwards only SIGINT and SIGTERM; this process must also exit when npm ends for another reason. Scripts in
 * package.json begin with `exec`, so that there is no shell in between, which would intercept signals.
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
