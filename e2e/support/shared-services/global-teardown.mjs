/** Ends what `global-setup.mjs` has made available. */
import { once } from 'node:events';

export default async function globalTeardown() {
  const child = globalThis.sharedServicesProcess;
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.send('stop');
  await ended;
}
