/** The state folder, leftovers of an earlier start, and the running stack. */
import { leftRunning } from '@xerotier/local-servers';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCredentials } from './credentials.ts';
import { SERVER_NAMES } from './data-servers.ts';
import { stackState } from './dev-file.ts';
import type { DevFile } from './dev-file.ts';
import { failed } from './doctor-finding.ts';
import type { Finding } from './doctor-finding.ts';
import { PROJECT_SLUG } from './platform.ts';
import { lockHolder } from './process-lock.mjs';
import { projectRoot, defaultStateDir as state } from './project-paths.ts';
import { health } from './status.ts';

export async function stackFindings(): Promise<Finding[]> {
  return [...(await secrets()), ...(await leftovers()), ...(await running())];
}

/** Files with keys and passwords. */
async function secrets(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of [state.credentialsFile, state.devFile]) {
    const mode = await stat(path).then(
      (found) => found.mode & 0o777,
      () => 0,
    );
    if ((mode & 0o077) === 0) continue;
    findings.push({
      status: 'FAIL',
      text: `${path} holds keys, and other users may read it (mode ${mode.toString(8)})`,
      remedy: `chmod 600 ${path}`,
    });
  }
  if (!existsSync(state.credentialsFile))
    return [...findings, { status: 'ok', text: `no data yet in ${state.root}; the next start creates it` }];
  await loadCredentials(state, PROJECT_SLUG).catch((error: unknown) => findings.push(failed(error)));
  return findings.length > 0 ? findings : [{ status: 'ok', text: `keys and data in ${state.root}` }];
}

/** None of them prevents a start, which replaces or stops them. */
async function leftovers(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [path, what] of [
    [state.lockFile, 'a stack'],
    [join(projectRoot, '.cache/install.lock'), 'an installation'],
  ] as const) {
    const isLeft = (await readFile(path, 'utf8').catch(() => undefined)) !== undefined;
    if (isLeft && (await lockHolder(path)) === undefined)
      findings.push({
        status: 'warn',
        text: `${path} was left by ${what} that was killed`,
        remedy: 'No action needed: the next npm start replaces it.',
      });
  }
  for (const name of SERVER_NAMES) {
    const pid = await leftRunning(join(state.servers, name)).catch(() => null);
    if (pid !== null)
      findings.push({
        status: 'warn',
        text: `${name} of a killed stack is still running (process ${pid})`,
        remedy: 'The next npm start stops it.',
      });
  }
  return findings.length > 0 ? findings : [{ status: 'ok', text: 'no leftovers of killed processes' }];
}

async function running(): Promise<Finding[]> {
  const { holder, description } = await stackState(state);
  if (holder === undefined) return [{ status: 'ok', text: 'no stack is running: npm start' }];
  if (description === undefined) return [{ status: 'ok', text: `a stack is being started by process ${holder.pid}` }];
  const services = await Promise.all(Object.entries(description.services).map(([name, service]) => one(name, service)));
  return [{ status: 'ok', text: `a stack is running (process ${holder.pid}) at ${description.baseUrl}` }, ...services];
}

async function one(name: string, service: DevFile['services'][string]): Promise<Finding> {
  const found = service.pid === null ? 'down' : await health(service);
  const remedy = `See its log: npm run logs -- ${name}`;
  if (found !== '' && found !== 'ready') return { status: 'FAIL', text: `${name} is ${found}`, remedy };
  const { restarts, lastExit } = service;
  if (restarts > 0)
    return {
      status: 'warn',
      text: `${name} was restarted ${restarts === 1 ? 'once' : `${restarts} times`} (last exit: ${lastExit?.reason} at ${lastExit?.at})`,
      remedy,
    };
  return { status: 'ok', text: `${name} ${found === '' ? 'is running' : 'is ready'}` };
}
