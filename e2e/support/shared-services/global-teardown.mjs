/** Stops the process that `global-setup.mjs` has started. */
import { once } from 'node:events';

export default async function globalTeardown() {
  const child = globalThis.sharedServicesProcess;
  if (child === undefined || child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.send('stop');
  await exited;
}
