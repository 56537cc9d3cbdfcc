/** Starts the process of the shared services. The services themselves start when a suite first requests them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export default async function globalSetup() {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'shared-services-process.ts')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ socketPath }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the shared services exited with code ${code}`))),
  ]);
  process.env.E2E_SHARED_SOCKET = socketPath;
  globalThis.sharedServicesProcess = child;
}
