/**
 * Hosts the servers and services that suites share, in a separate process because jest runs suites in several. They start with
 * the first request on the socket, whose path the parent receives, and stop when the parent sends a message or disconnects.
 */
import { GithubServer } from '@xerotier/testing/identity-providers';
import { startTemporaryPlatform } from '@xerotier/dev';
import type { Platform } from '@xerotier/dev';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { responseValidationEnv } from './shared-services.ts';
import type { SharedServices } from './shared-services.ts';

const folder = await mkdtemp(join(tmpdir(), 'xerotier-shared-'));
const socketPath = join(folder, 'socket');
let starting: Promise<Platform> | undefined;

const server = createServer((_, response) => {
  starting ??= start();
  starting.then(
    (platform) => response.end(JSON.stringify(describe(platform))),
    (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
  );
});

const github = new GithubServer();

async function start(): Promise<Platform> {
  await github.start();
  return startTemporaryPlatform({
    models: [],
    endpoints: [],
    workers: [],
    restart: false,
    isDurable: false,
    // All suites register from one address, with hashes that are as fast as the settings allow.
    env: {
      ...{ PASSWORD_HASH_MEMORY_KIB: '19456', PASSWORD_HASH_PASSES: '2' },
      ...responseValidationEnv,
      ...{ REGISTRATIONS_PER_ADDRESS: '100000', MAILS_PER_ADDRESS: '100000', SIGN_IN_FAILURES_PER_ADDRESS: '100000' },
      MANAGEMENT_REQUESTS_PER_MINUTE: '100000',
      ...github.env,
    },
  });
}

function describe({ description, services }: Platform): SharedServices {
  const entries = services.map(({ spec, facts, pid }) => [spec.name, { spec, facts, pid }] as const);
  return { description, services: Object.fromEntries(entries) };
}

let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  server.close();
  server.closeAllConnections();
  const platform = await starting?.catch(() => undefined);
  if (platform !== undefined) await copyLogs(platform);
  await platform?.stop();
  github.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit(0);
}

async function copyLogs({ services }: Platform): Promise<void> {
  const logs = process.env['E2E_LOGS'];
  if (logs === undefined) return;
  const to = join(logs, 'shared');
  await mkdir(to, { recursive: true });
  for (const { spec } of services) await copyFile(spec.logFile, join(to, basename(spec.logFile)));
}

process.once('message', () => void stop());
process.once('disconnect', () => void stop());
// jest handles Ctrl-C and then stops this process.
process.on('SIGINT', () => undefined);
server.listen(socketPath, () => process.send?.({ socketPath }));
