import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forkEntry } from '../child.ts';
import { freePort, waitForPort } from '../ports.ts';
import { chatPath } from './direct.ts';
import { TargetUnavailable } from './target.ts';
import type { Target } from './target.ts';

const folder = join(import.meta.dirname, '../../portkey');
const packageDir = join(folder, 'node_modules/@portkey-ai/gateway');
const program = join(packageDir, 'build/start-server.js');
const wrapper = new URL('./portkey-process.ts', import.meta.url);
const startTimeoutMs = 15_000;

/**
 * The published package of the Portkey gateway in front of the engine. It has its own folder and lock file because it
 * requires an older `@hono/node-server` than it declares: streaming fails with a newer one.
 */
export const portkey: Target = {
  name: 'portkey',
  async start({ pinning, engine, print }) {
    if (!existsSync(program)) install(print);
    const upstream = await engine();
    const port = await freePort();
    const gateway = await forkEntry(wrapper, [program, `--port=${port}`, '--headless']);
    pinning.pin(gateway.pid, 'system');
    await gateway.orStop(
      waitForPort(port, startTimeoutMs, () =>
        gateway.process.exitCode === null ? undefined : `Portkey ended. ${gateway.output()}`,
      ),
    );
    return {
      load: {
        host: '127.0.0.1',
        port,
        path: chatPath,
        headers: {
          authorization: 'Bearer unused',
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `http://127.0.0.1:${upstream.first.port}/v1`,
        },
        model: 'scripted',
      },
      system: [{ name: 'portkey', pid: gateway.pid, isNode: true }],
      helpers: [{ name: 'engine', pid: upstream.pid }],
      versions: { '@portkey-ai/gateway': version(packageDir), '@hono/node-server': honoVersion() },
      stop: () => gateway.stop(),
    };
  },
};

function install(print: (line: string) => void): void {
  print('installing Portkey (npm ci in tools/bench/portkey)');
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: folder, encoding: 'utf8', timeout: 180_000 });
  if (npm.status === 0 && existsSync(program)) return;
  throw new TargetUnavailable(
    `Portkey could not be installed; try: cd ${folder} && npm ci\n${(npm.stderr ?? '').trim().slice(-1_000)}`,
  );
}

function honoVersion(): string {
  return version(join(folder, 'node_modules/@hono/node-server'));
}

function version(dir: string): string {
  return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version;
}
