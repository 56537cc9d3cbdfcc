/** Requirements of the machine. */
import { bundledModels } from '@xerotier/bundled-models';
import { portState } from '@xerotier/local-servers';
import { constants, existsSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { stackState } from './dev-file.ts';
import { failed } from './doctor-finding.ts';
import type { Finding } from './doctor-finding.ts';
import { PORT_USUAL, portProblem, wantedPort } from './http-port.ts';
import { projectRoot, defaultStateDir as state } from './project-paths.ts';

const GIB = 1024 ** 3;
const NODE_OLDEST = 20;
const NPM_OLDEST = 10;
const DISK_WARN_BYTES = 2 * GIB;
const DISK_FAIL_BYTES = GIB / 2;
const MEMORY_WARN_BYTES = 2 * GIB;

export async function machineFindings(): Promise<Finding[]> {
  return [...versions(process.env), memory(), ...(await disks()), ...(await folders()), await model(), await port()];
}

/** The machine's own Node and npm, which npm passes to its scripts. */
function versions(env: NodeJS.ProcessEnv): Finding[] {
  const agent = env['npm_config_user_agent'] ?? '';
  return (
    [
      ['Node', /\bnode\/v(\S+)/, NODE_OLDEST],
      ['npm', /\bnpm\/(\S+)/, NPM_OLDEST],
    ] as const
  ).map(([name, pattern, oldest]) => {
    const version = pattern.exec(agent)?.[1];
    if (version === undefined)
      return { status: 'warn', text: `${name}: unknown version`, remedy: 'Run it as npm run doctor.' };
    if (Number.parseInt(version, 10) >= oldest) return { status: 'ok', text: `${name} ${version}` };
    return {
      status: 'FAIL',
      text: `${name} ${version} is older than ${oldest}`,
      remedy: `Install Node ${NODE_OLDEST} or newer, which brings npm ${NPM_OLDEST}: https://nodejs.org`,
    };
  });
}

function memory(): Finding {
  const text = `memory: ${(totalmem() / GIB).toFixed(1)} GiB`;
  if (totalmem() >= MEMORY_WARN_BYTES) return { status: 'ok', text };
  return { status: 'warn', text, remedy: 'The whole stack needs about 2 GiB: close other programs, or add swap.' };
}

/** The file systems of the project and its data. */
async function disks(): Promise<Finding[]> {
  const paths = [...new Set([projectRoot, await existingParent(state.root)])];
  return Promise.all(
    paths.map(async (path): Promise<Finding> => {
      const { bavail, bsize } = await statfs(path);
      const free = bavail * bsize;
      const text = `free disk space: ${(free / GIB).toFixed(1)} GiB at ${path}`;
      const remedy = 'Dependencies, servers and data need about 2 GiB: free some space.';
      if (free < DISK_FAIL_BYTES) return { status: 'FAIL', text, remedy };
      return free < DISK_WARN_BYTES ? { status: 'warn', text, remedy } : { status: 'ok', text };
    }),
  );
}

/** All folders that a start writes to. After a run as root they often belong to root. */
async function folders(): Promise<Finding[]> {
  const paths = [projectRoot, join(projectRoot, '.cache'), join(projectRoot, '.nx'), join(projectRoot, 'node_modules')];
  const wanted = [...paths, state.root, state.logs, state.servers, tmpdir()].filter((path) => existsSync(path));
  const closed: Finding[] = [];
  for (const path of [...new Set([...wanted, await existingParent(state.root)])]) {
    const mayWrite = await access(path, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
    if (mayWrite) continue;
    const { uid } = await stat(path);
    closed.push({
      status: 'FAIL',
      text: `${path} is not writable (it belongs to uid ${uid})`,
      remedy: `Change its owner: sudo chown -R $(id -u):$(id -g) ${path}`,
    });
  }
  return closed.length > 0 ? closed : [{ status: 'ok', text: 'folders are writable' }];
}

async function model(): Promise<Finding> {
  const { path } = bundledModels.chat;
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > 0) return { status: 'ok', text: 'the bundled model is present' };
  return {
    status: 'FAIL',
    text: `the bundled model is missing: ${path}`,
    remedy: 'Restore it: git checkout -- tools/bundled-models/models',
  };
}

async function port(): Promise<Finding> {
  try {
    const wanted = wantedPort(process.env['XEROTIER_PORT']);
    const number = wanted ?? PORT_USUAL;
    const { description } = await stackState(state);
    if (description !== undefined && Number(new URL(description.baseUrl).port) === number)
      return { status: 'ok', text: `port ${number} is the running stack's` };
    const found = await portState(number);
    if (found === 'free') return { status: 'ok', text: `port ${number} is free` };
    if (wanted === undefined)
      return {
        status: 'warn',
        text: `port ${number} is in use by another program`,
        remedy: 'npm start uses a free one instead. To choose one: XEROTIER_PORT=8090 npm start',
      };
    return failed(portProblem(number, found));
  } catch (error) {
    return failed(error, 'Set it to a free port from 1024 to 65535, or unset it.');
  }
}

async function existingParent(path: string): Promise<string> {
  return existsSync(path) ? path : existingParent(dirname(path));
}
