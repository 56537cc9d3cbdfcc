/**
 * Builds and starts the platform of another checkout with that checkout's own code, and sends its description. Exits,
 * with the platform, on SIGTERM or when the benchmark exits.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [checkout = '', slots] = process.argv.slice(2);
// The build and the services resolve paths from here.
process.chdir(checkout);
process.env['PATH'] = `${join(checkout, 'node_modules/.bin')}:${process.env['PATH']}`;

const dev = (await import(
  pathToFileURL(join(checkout, 'tools/dev/src/index.ts')).href
)) as typeof import('@xerotier/dev');
await dev.buildAll();
const platform = await dev.startTemporaryPlatform({
  ...dev.scriptedPlatform({ slots: Number(slots) }),
  restart: false,
});

let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  void platform.stop().finally(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
process.send?.(platform.description);
